//! Health and metrics of this process, over HTTP.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use queue::Queue;
use runtime::health::Health;
use runtime::telemetry::Metrics;
use runtime::{clock, http};
use store::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the routes need.
#[derive(Clone)]
pub(crate) struct AdminState {
    pub(crate) database: Database,
    pub(crate) queue: Queue,
    pub(crate) metrics: Metrics,
}

/// The connections at once. Those who scrape are few.
const CONNECTIONS_MAX: usize = 64;

/// Serves `GET /health` and `GET /metrics` until `stop`.
pub(crate) async fn serve(
    listener: TcpListener,
    state: AdminState,
    to_postgres: usize,
    stop: CancellationToken,
) {
    let routes = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics_text))
        .with_state(state);
    let connections = http::connections_max(CONNECTIONS_MAX, to_postgres);
    http::serve(listener, routes, connections, stop).await;
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
