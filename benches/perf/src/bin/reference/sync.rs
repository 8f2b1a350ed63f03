//! The synchronous path, as the original goes it: look into the cache of answers, take a token, do
//! the command in a transaction of its own, cache the answer. The command itself is the worker's own
//! code, with a batch of one.

use anyhow::Result;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::TimeDelta;
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};
use shared::domain::view::SubscriptionView;
use shared::domain::{ClientId, Command, Fingerprint, IdempotencyKey, UserId};
use shared::queue::job::QueuedJob;
use shared::store::line::Line;
use shared::store::reads::{self, PageOf};
use shared::store::{self, PgPool};
use std::sync::Arc;
use worker::apply::{Attempt, apply};

/// As the original has it.
const CONNECTIONS: u32 = 25;
/// As the original has it.
const CACHED_SECONDS: u64 = 86_400;
/// As the original has it, in seconds.
const RATE_WINDOW: i64 = 60;
const GIFT_TTL: TimeDelta = TimeDelta::days(30);

/// Where it keeps things.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The database of the product
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,

    /// The Redis of the product
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: String,
}

#[derive(Clone)]
struct App {
    pool: PgPool,
    redis: ConnectionManager,
}

/// What went wrong, as a bare 500.
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, format!("{:#}", self.0)).into_response()
    }
}

/// The routes.
pub(crate) async fn router(options: &Options) -> Result<Router> {
    let pool = store::pool(&options.database_url, CONNECTIONS)?;
    let redis = redis::Client::open(options.redis_url.as_str())?.get_connection_manager().await?;
    Ok(Router::new()
        .route("/health", get(|| async { "{}" }))
        .route("/subscribe", post(subscribe))
        .route("/subscriptions/{id}", get(subscriptions))
        .with_state(App { pool, redis }))
}

/// An answer in the cache.
#[derive(Serialize, Deserialize)]
struct Cached {
    status: u16,
    body: String,
}

async fn subscribe(
    State(mut app): State<App>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Result<Response, Failed> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    };
    let key = IdempotencyKey::parse(key.as_bytes())?;
    let cache_key = format!("idempotency:{}", key.as_str());
    if let Some(text) = app.redis.get::<_, Option<String>>(&cache_key).await? {
        return Ok(answer(serde_json::from_str(&text)?));
    }
    let limited: (i64,) = redis::pipe()
        .incr("ratelimit:local", 1)
        .expire("ratelimit:local", RATE_WINDOW)
        .ignore()
        .query_async(&mut app.redis)
        .await?;
    if limited.0 < 0 {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    }
    let cached = execute(&app.pool, key, &body).await?;
    let text = serde_json::to_string(&cached)?;
    app.redis.set_ex::<_, _, ()>(&cache_key, text, CACHED_SECONDS).await?;
    Ok(answer(cached))
}

async fn execute(pool: &PgPool, key: IdempotencyKey, body: &[u8]) -> Result<Cached> {
    let value: serde_json::Value = serde_json::from_slice(body)?;
    let fingerprint = Fingerprint::of_request("POST", "/subscribe", &serde_json::to_vec(&value)?);
    let mut fields = value;
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("operation".to_owned(), "subscribe".into());
    }
    let command: Command = serde_json::from_value(fields)?;
    let submitted_at = shared::clock::now();
    let job = QueuedJob { client: ClientId::LOCAL, key, fingerprint, submitted_at, command };
    let attempt =
        Attempt { id: job.id(), job: Arc::new(job), holder: "reference".into(), number: 1 };
    let entries = apply(pool, &[attempt], GIFT_TTL).await?;
    let entry = entries.into_iter().next();
    let answer = entry.ok_or_else(|| anyhow::anyhow!("a command without an outcome"))?.answer;
    Ok(Cached { status: answer.status, body: answer.body })
}

fn answer(cached: Cached) -> Response {
    let status = StatusCode::from_u16(cached.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], cached.body).into_response()
}

#[derive(Serialize)]
struct Page {
    user_id: i64,
    subscriptions: Vec<SubscriptionView>,
    has_more: bool,
}

async fn subscriptions(State(app): State<App>, Path(user): Path<i64>) -> Result<Response, Failed> {
    let asked = PageOf { client: ClientId::LOCAL, user: UserId(user), before: None, limit: 100 };
    // A connection of the pool for each request, handed back when it is answered.
    let pages = reads::subscriptions(&Line::new(app.pool.clone()), &[asked]).await?;
    let Some(page) = pages.into_iter().next().flatten() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let view = |subscription| SubscriptionView::at(subscription, page.now);
    let subscriptions = page.subscriptions.iter().map(view).collect();
    Ok(Json(Page { user_id: user, subscriptions, has_more: page.has_more }).into_response())
}
