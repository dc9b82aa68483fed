//! Reads a body, up to a bound.

use axum::body::HttpBody;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

use super::Refusal;

/// The whole body; nothing of it is read where its announced length is too much.
///
/// Most bodies come in one piece, which is not copied.
pub(super) async fn read_body<B>(mut body: B, bytes_max: usize) -> Result<Bytes, Refusal>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(Refusal::TooLarge);
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // The client left; nobody reads the answer.
        let frame = frame.map_err(|_| Refusal::BrokenOff)?;
        let Ok(piece) = frame.into_data() else { continue };
        if first.len().max(whole.len()) + piece.len() > bytes_max {
            return Err(Refusal::TooLarge);
        }
        if first.is_empty() && whole.is_empty() {
            first = piece;
            continue;
        }
        if whole.is_empty() {
            whole.reserve(announced);
            whole.extend_from_slice(&first);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}
