//! Health and metrics of this process, over HTTP.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use shared::clock;
use shared::health::Health;
use shared::queue::Queue;
use shared::store::PgPool;
use shared::telemetry::Metrics;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct Page {
    pool: PgPool,
    queue: Queue,
    metrics: Metrics,
}

/// Serves `GET /health` and `GET /metrics` until `stop`.
pub async fn serve(
    listener: TcpListener,
    (pool, queue): (PgPool, Queue),
    metrics: Metrics,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics_text))
        .with_state(Page { pool, queue, metrics });
    axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
}

async fn health(State(page): State<Page>) -> impl IntoResponse {
    let health = Health::check(&page.pool, &page.queue).await;
    let status = if health.is_healthy() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(health))
}

async fn metrics_text(State(page): State<Page>) -> impl IntoResponse {
    // Read when asked for. While Redis is away the last figures stand.
    if let Ok(stats) = page.queue.stats().await {
        stats.export(clock::now());
    }
    ([(header::CONTENT_TYPE, Metrics::CONTENT_TYPE)], page.metrics.render())
}
