//! Answers that come from no route: to heads that cannot be read, and when there is no room.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use contract::{Problem, ProblemKind};

const PROBLEM_JSON: &str = "application/problem+json";
/// What hyper writes in an answer without a body.
const NO_BODY: &str = "content-length: 0\r\n";
/// When to try again, in seconds.
const RETRY_AFTER: u64 = 1;

/// Adds a problem document to an answer of hyper that has no body. What has another form is left
/// as it is.
pub(super) fn with_body(answer: &[u8]) -> Bytes {
    let head = str::from_utf8(answer).unwrap_or_default();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let (Some(problem), Some((before, after))) =
        (status.and_then(problem_of), head.split_once(NO_BODY))
    else {
        return Bytes::copy_from_slice(answer);
    };
    let body = problem.to_json();
    let length = body.len();
    let head = format!(
        "{before}content-type: {PROBLEM_JSON}\r\ncache-control: no-store\r\n\
         content-length: {length}\r\n{after}{body}"
    );
    head.into()
}

fn problem_of(status: u16) -> Option<Problem> {
    let (kind, detail) = match status {
        400 => (ProblemKind::MalformedRequest, "The head of the request is not HTTP/1.1."),
        414 | 431 => (ProblemKind::HeadTooLarge, "Line, headers and cookies have 32 KiB in all."),
        _ => return None,
    };
    Some(Problem::new(kind, detail))
}

/// The answer to a request for which there is no room.
pub(super) fn overloaded() -> Response {
    let problem = Problem::new(ProblemKind::Overloaded, "There are too many connections.");
    let mut response = Response::new(Body::from(problem.to_json()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
