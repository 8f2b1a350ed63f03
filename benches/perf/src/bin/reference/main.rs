//! Two servers that the product is compared with by `make bench`: a bare echo, which is what HTTP
//! costs, and the synchronous path, which is what the commands cost without a queue.

mod sync;

use anyhow::{Result, bail};
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use clap::Parser;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A server to compare the product with, with the product's settings.
#[derive(Parser)]
#[command(name = "reference", version)]
struct Options {
    /// `echo`: JSON in, JSON out, nothing done; `sync`: each command in a transaction of its own
    server: String,

    #[arg(long, env)]
    api_addr: SocketAddr,

    #[arg(long, env, hide_env_values = true)]
    database_url: String,

    #[arg(long, env, hide_env_values = true)]
    redis_url: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let router = match options.server.as_str() {
        "echo" => Router::new()
            .route("/subscribe", post(subscribe))
            .route("/subscriptions/{id}", get(subscriptions)),
        "sync" => sync::router(&options.database_url, &options.redis_url).await?,
        other => bail!("no such server: {other}"),
    };
    let router = router.route("/health", get(|| async { "{}" }));
    let listener = tokio::net::TcpListener::bind(options.api_addr).await?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

/// The body of `POST /subscribe`, in and out.
#[derive(Serialize, Deserialize)]
struct Subscribe {
    user_id: i64,
    plan: String,
    duration_months: Option<i32>,
}

async fn subscribe(
    headers: HeaderMap,
    Json(body): Json<Subscribe>,
) -> (StatusCode, Json<Subscribe>) {
    let has_key = headers.get("idempotency-key").is_some_and(|key| !key.is_empty());
    (if has_key { StatusCode::CREATED } else { StatusCode::BAD_REQUEST }, Json(body))
}

/// As long as an answer of the product with one subscription.
async fn subscriptions(Path(user_id): Path<i64>) -> Json<Vec<Subscribe>> {
    let plan = "monthly".repeat(25);
    Json(vec![Subscribe { user_id, plan, duration_months: Some(1) }])
}
