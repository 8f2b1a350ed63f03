//! `GET /metrics`

use crate::api_error::ApiError;
use crate::extract::authenticate;
use crate::settings::Scope;
use crate::state::ApiState;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use runtime::clock;
use runtime::telemetry::Metrics;

/// The metrics of this process. For operators.
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
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    authenticate(&state, &parts, Scope::Admin).await?;
    // The queue is read at each request. While Redis cannot be reached the last figures are shown.
    if let Ok(stats) = state.queue.stats().await {
        stats.export(clock::now());
    }
    Ok(([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], state.metrics.render()).into_response())
}
