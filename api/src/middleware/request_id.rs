//! The id of a request, which is shown in its log line and in its answer.

use axum::extract::Request;
use axum::http::HeaderName;

/// The header that carries the id.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is accepted from a client. Common forms of ids are shorter.
const LENGTH_MAX: usize = 128;

/// Removes an id that the client has sent, unless it is the only one, is short and has plain
/// characters only: it is written to logs and headers.
pub(crate) async fn drop_unusable(mut request: Request) -> Request {
    let is_plain =
        |id: &[u8]| (1..=LENGTH_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
    let mut ids = request.headers().get_all(HEADER).iter();
    let first = ids.next();
    if first.is_some_and(|id| ids.next().is_some() || !is_plain(id.as_bytes())) {
        request.headers_mut().remove(HEADER);
    }
    request
}
