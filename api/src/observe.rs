//! What is seen of requests from outside: a log line, metrics, an id, and an answer even when a
//! handler panics. No body, key or secret is ever logged.

use crate::reject::Reject;
use crate::respond::AboutJob;
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::HeaderName;
use axum::middleware::{Next, from_fn, map_request};
use axum::response::{IntoResponse, Response};
use shared::domain::problem::ProblemKind;
use std::any::Any;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Long enough for any id in use.
const REQUEST_ID_LENGTH_MAX: usize = 128;

/// The same routes, observed.
pub fn observed(routes: Router) -> Router {
    routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(from_fn(record))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(map_request(drop_odd_request_id))
}

/// A request may bring an id of its own, if it is short and plain: it goes into logs and headers.
async fn drop_odd_request_id(mut request: Request) -> Request {
    let plain = |id: &[u8]| {
        (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
    };
    if request.headers().get(REQUEST_ID).is_some_and(|id| !plain(id.as_bytes())) {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Reject::new(ProblemKind::Internal, "The request was fine; the fault is ours.").into_response()
}

async fn record(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let request_id = request.headers().get(REQUEST_ID).cloned();
    let active = Active::count();
    let response = next.run(request).await;
    drop(active);

    // The path as written in the router, never as sent: that would be unbounded.
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let seconds = started.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    let labels = [
        ("http_request_method", known(&method).to_owned()),
        ("http_route", route.to_owned()),
        ("http_response_status_code", status.to_string()),
    ];
    metrics::histogram!("http_server_request_duration_seconds", &labels).record(seconds);
    let job = response.extensions().get::<AboutJob>().map(|AboutJob(id)| id.to_string());
    let request_id = request_id.as_ref().and_then(|id| id.to_str().ok());
    let milliseconds = (seconds * 1e6).round() / 1e3;
    tracing::info!(%method, route, status, milliseconds, request_id, job, "request");
    response
}

/// A request that is being answered. Counted down when it is dropped: a client may leave before its
/// answer, and then nothing after the wait for it is run.
struct Active;

impl Active {
    fn count() -> Self {
        metrics::gauge!("http_server_active_requests").increment(1.0);
        Self
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        metrics::gauge!("http_server_active_requests").decrement(1.0);
    }
}

/// Methods are free text; a label is not.
fn known(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
