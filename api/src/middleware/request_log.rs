//! The log line and the metrics of a request.

use crate::middleware::request_id;
use crate::respond::AboutJob;
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::Instrument;

pub(crate) async fn log_request(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let request_id = request.headers().get(request_id::HEADER).cloned();
    let active = Active::count();
    let id = request_id.as_ref().and_then(|id| id.to_str().ok());
    let span = tracing::debug_span!("request", %method, request_id = id);
    let response = next.run(request).instrument(span).await;
    drop(active);

    // The path as it is written in the router. Paths as sent would be unbounded in number.
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let seconds = started.elapsed().as_secs_f64();
    let status = response.status().as_u16();
    let labels = [
        ("http_request_method", method_label(&method).to_owned()),
        ("http_route", route.to_owned()),
        ("http_response_status_code", status.to_string()),
    ];
    metrics::histogram!("http_server_request_duration_seconds", &labels).record(seconds);
    let job = response.extensions().get::<AboutJob>().map(|AboutJob(id)| id.to_string());
    let milliseconds = (seconds * 1e6).round() / 1e3;
    tracing::info!(%method, route, status, milliseconds, request_id = id, job, "request");
    response
}

/// Counts a request as active until it is dropped. `drop` does the counting down, because a client
/// may leave before its answer, and the code after the `await` is then never run.
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

/// The method as a label. Unknown methods share one label, so that their number is bounded.
fn method_label(method: &Method) -> &'static str {
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
