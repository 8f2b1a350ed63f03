//! `GET /health`

use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use runtime::health::Health;

/// The health of the api, Postgres and Redis.
///
/// Needs no key.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "get_health",
    tag = "service",
    security(()),
    responses(
        (status = 200, description = "All are healthy.", body = Health),
        (status = 503, description = "One is down.", body = Health),
    ),
)]
pub(crate) async fn handle(State(state): State<ApiState>) -> Response {
    let health = Health::check(&state.database, &state.queue).await;
    let mut response = respond::json(&health);
    if !health.is_healthy() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
