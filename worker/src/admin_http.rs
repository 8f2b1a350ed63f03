//! Health and metrics of this process, over HTTP.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use queue::Queue;
use runtime::clock;
use runtime::health::Health;
use runtime::telemetry::Metrics;
use store::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct AdminState {
    database: Database,
    queue: Queue,
    metrics: Metrics,
}

/// Serves `GET /health` and `GET /metrics` until `stop`.
pub(crate) async fn serve(
    listener: TcpListener,
    database: Database,
    queue: Queue,
    metrics: Metrics,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics_text))
        .with_state(AdminState { database, queue, metrics });
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn health(State(state): State<AdminState>) -> impl IntoResponse {
    let health = Health::check(&state.database, &state.queue).await;
    let status = if health.is_healthy() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

async fn metrics_text(State(state): State<AdminState>) -> impl IntoResponse {
    // The gauges are read at each request. While Redis cannot be reached, they keep their last
    // values.
    if let Ok(stats) = state.queue.stats().await {
        stats.export(clock::now());
    }
    ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], state.metrics.render())
}
