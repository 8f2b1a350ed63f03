//! `GET /health`

use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use runtime::health::Health;

/// Answers 200 when the api, Postgres and Redis are healthy, otherwise 503. Needs no key.
pub(crate) async fn handle(State(state): State<ApiState>) -> Response {
    let health = Health::check(&state.database, &state.queue).await;
    let mut response = respond::json(&health);
    if !health.is_healthy() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
