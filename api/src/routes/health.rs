//! `GET /health` and `GET /metrics`

use crate::app::App;
use crate::config::Scope;
use crate::reject::Reject;
use crate::respond;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::clock;
use shared::health::Health;
use shared::telemetry::Metrics;

/// Whether the api and what it leans on are well: 200 or 503. Needs no key.
pub async fn health(State(app): State<App>) -> Response {
    let health = Health::check(&app.pool, &app.queue).await;
    let mut response = respond::json(&health);
    if !health.is_healthy() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// The metrics of this process. For operators.
pub async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Reject> {
    let (parts, _) = request.into_parts();
    app.authenticate(&parts, Scope::Admin).await?;
    // Read when asked for. While Redis is away the last figures stand.
    if let Ok(stats) = app.queue.stats().await {
        stats.export(clock::now());
    }
    Ok(([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], app.metrics.render()).into_response())
}
