//! Makes responses of answers, problems and views.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use contract::Problem;
use contract::view::JobView;
use domain::{Answer, JobId, RateLimit};
use queue::Quota;
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The time after which a client should poll a job again, in seconds.
const POLL_AFTER_SECONDS: u64 = 1;

/// An extension of a response: the job that it is about, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AboutJob(pub(crate) JobId);

fn with_body(status: u16, content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// A problem document.
pub(crate) fn problem(problem: &Problem) -> Response {
    with_body(problem.status, PROBLEM_JSON, problem.to_json())
}

/// A stored answer, byte for byte.
pub(crate) fn answer(answer: &Answer) -> Response {
    let content_type = if answer.is_success() { JSON } else { PROBLEM_JSON };
    with_body(answer.status, content_type, answer.body.clone())
}

/// 200 with a document.
pub(crate) fn json(document: &impl Serialize) -> Response {
    with_body(200, JSON, serde_json::to_string(document).unwrap_or_default())
}

/// 200 with a document that is written already.
pub(crate) fn json_text(document: &'static str) -> Response {
    with_body(200, JSON, document)
}

/// 200 with a page for people, which may do nothing but what its forms do.
pub(crate) fn page(title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <h1>{title}</h1>{body}</html>"
    );
    let mut response = with_body(200, HTML, page);
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// Adds `Idempotent-Replayed` when an earlier request began the job.
pub(crate) fn mark_replayed(mut response: Response, replayed: bool) -> Response {
    if replayed {
        let headers = response.headers_mut();
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// 202 for a job that goes on, with the address to poll it at.
pub(crate) fn accepted(view: &JobView) -> Response {
    let mut response = job(view);
    *response.status_mut() = StatusCode::ACCEPTED;
    if let Ok(location) = HeaderValue::try_from(format!("/jobs/{}", view.id())) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// 200 with a job.
pub(crate) fn job(view: &JobView) -> Response {
    let mut response = json(view);
    if !view.is_final() {
        let after = HeaderValue::from(POLL_AFTER_SECONDS);
        response.headers_mut().insert(header::RETRY_AFTER, after);
    }
    response
}

/// Adds the headers with the tokens that the client has left: separate headers, and those of the
/// current draft of httpapi-ratelimit-headers.
pub(crate) fn add_quota(headers: &mut HeaderMap, limit: RateLimit, quota: Quota) {
    let Quota { remaining, reset_seconds } = quota;
    let (requests, window) = (limit.requests(), limit.window_seconds());
    let mut add = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    add("ratelimit-limit", requests.to_string());
    add("ratelimit-remaining", remaining.to_string());
    add("ratelimit-reset", reset_seconds.to_string());
    add("ratelimit-policy", format!("\"default\";q={requests};w={window}"));
    add("ratelimit", format!("\"default\";r={remaining};t={reset_seconds}"));
}
