//! `GET /metrics`

use crate::api_error::ApiError;
use crate::extract::Operator;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use runtime::clock;
use runtime::telemetry::Metrics;

/// The metrics of this process.
///
/// For the operator: it needs a key that is made by `api keys create --operator`.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "get_metrics",
    tag = "service",
    responses((
        status = 200,
        description = "The metrics.",
        body = String,
        content_type = "text/plain",
    )),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    _: Operator,
) -> Result<Response, ApiError> {
    // The queue is read at each request. While Redis cannot be reached the last figures are shown.
    if let Ok(stats) = state.queue.stats().await {
        stats.export(clock::now());
    }
    Ok(([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], state.metrics.render()).into_response())
}
