//! What pages load beside themselves: style, script, icon. Everything is of this machine.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

const STYLE: &str = include_str!("../../../templates/admin/page.css");
const SCRIPT: &str = include_str!("../../../templates/admin/page.js");
const ICON: &str = include_str!("../../../templates/admin/icon.svg");

pub(super) async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

pub(super) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

pub(super) async fn icon() -> Response {
    asset("image/svg+xml", ICON)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    // Asked for again by each version, and not by each page.
    let kept = HeaderValue::from_static("max-age=3600");
    let kind = HeaderValue::from_static(kind);
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], text).into_response()
}
