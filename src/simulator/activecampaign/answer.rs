//! Answers: what is said with which status.

use super::{
    json::Json,
    switches::{Switches, Throttle, ThrottleAnswer},
};

/// An answer that is on its way.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub status: u16,
    pub body: String,
    pub html: bool,
    pub headers: Vec<(&'static str, String)>,
}

/// What an error page of a web server looks like.
pub(super) const HTML_PAGE: &str =
    "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>";

impl Reply {
    /// 200, with an object that `write` fills.
    pub(super) fn ok(switches: &Switches, write: impl FnOnce(&mut Json)) -> Self {
        Self::json(200, Json::document(switches.shape, write))
    }

    pub(super) fn json(status: u16, body: String) -> Self {
        Self { status, body, html: false, headers: Vec::new() }
    }

    pub(super) fn page(status: u16) -> Self {
        Self { status, body: HTML_PAGE.to_owned(), html: true, headers: Vec::new() }
    }

    pub(super) fn message(status: u16, text: &str, switches: &Switches) -> Self {
        Self::json(status, Json::document(switches.shape, |json| json.text("message", text)))
    }

    /// There is no record with this id; `model` is its name inside the service.
    pub(super) fn not_found(model: &str, id: &str, switches: &Switches) -> Self {
        let status = if switches.not_found_as_403 { 403 } else { 404 };
        Self::message(status, &format!("No Result found for {model} with id {id}"), switches)
    }

    pub(super) fn no_route(path: &str, switches: &Switches) -> Self {
        Self::message(404, &format!("No route found for \"GET {path}\""), switches)
    }

    pub(super) fn not_allowed(method: &str, path: &str, switches: &Switches) -> Self {
        let text =
            format!("No route found for \"{method} {path}\": Method Not Allowed (Allow: GET)");
        let reply = Self::message(405, &text, switches);
        Self { headers: vec![("allow", "GET".to_owned())], ..reply }
    }

    /// The key is missing or wrong.
    pub(super) fn forbidden(switches: &Switches) -> Self {
        if !switches.forbidden_as_list {
            return Self::message(403, "Forbidden", switches);
        }
        let body = Json::document(switches.shape, |json| {
            json.list("errors", [()], |json, ()| {
                json.row(|json| {
                    json.int("status", 403);
                    json.text("title", "Forbidden");
                    json.text("detail", "You do not have permission to view this.");
                });
            });
        });
        Self::json(403, body)
    }

    /// A parameter whose value cannot be read.
    pub(super) fn bad_parameter(name: &str, detail: &str, switches: &Switches) -> Self {
        let body = Json::document(switches.shape, |json| {
            json.list("errors", [()], |json, ()| {
                json.row(|json| {
                    json.text("title", &format!("Invalid value for query parameter {name}"));
                    json.text("detail", detail);
                    json.object("source", |json| json.text("parameter", name));
                });
            });
        });
        Self::json(400, body)
    }

    /// A `limit` above the maximum, where that is refused.
    pub(super) fn limit_refused(switches: &Switches) -> Self {
        let body = Json::document(switches.shape, |json| {
            json.list("errors", [()], |json, ()| {
                json.row(|json| {
                    json.text("title", "The limit must not be greater than 100.");
                    json.text("detail", "");
                    json.text("code", "field_invalid");
                    json.object("source", |json| json.text("parameter", "limit"));
                });
            });
        });
        Self::json(422, body)
    }

    /// Too many requests.
    pub(super) fn throttled(throttle: Throttle) -> Self {
        let mut reply = match throttle.answer {
            ThrottleAnswer::TooManyRequests => Self::json(429, String::new()),
            ThrottleAnswer::Unavailable => Self::page(503),
        };
        if let Some(seconds) = throttle.retry_after {
            reply.headers.push(("retry-after", seconds.to_string()));
            reply.headers.push(("ratelimit-limit", throttle.per_second.unwrap_or(0).to_string()));
            reply.headers.push(("ratelimit-remaining", "0".to_owned()));
        }
        reply
    }

    /// The same answer with nothing in it: lists are empty, although `meta` counts rows; what is
    /// no list has no body at all.
    pub(super) fn emptied(self) -> Self {
        let Ok(serde_json::Value::Object(mut map)) = serde_json::from_str(&self.body) else {
            return Self { body: String::new(), ..self };
        };
        if map.values().any(|it| it.is_object() && it.get("id").is_some()) {
            return Self { body: String::new(), ..self };
        }
        for value in map.values_mut() {
            if let Some(rows) = value.as_array_mut() {
                rows.clear();
            }
        }
        Self { body: serde_json::Value::Object(map).to_string(), ..self }
    }
}
