//! The id of a request, which stands in its log line and in its answer.

use axum::extract::Request;
use axum::http::HeaderName;

/// The header that carries the id.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Long enough for any id in use.
const LENGTH_MAX: usize = 128;

/// A request may bring an id of its own, if it is short and plain: it goes into logs and headers.
pub(crate) async fn drop_unusable(mut request: Request) -> Request {
    let is_plain =
        |id: &[u8]| (1..=LENGTH_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    if request.headers().get(HEADER).is_some_and(|id| !is_plain(id.as_bytes())) {
        request.headers_mut().remove(HEADER);
    }
    request
}
