//! The synchronous path, as the original goes it: look into the cache of answers, take a token, do
//! the command in a transaction of its own, cache the answer. It makes the rows that the worker
//! makes, in as many round trips as the worker needs for a batch of one.

use super::Subscribe;
use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use redis::AsyncCommands;
use redis::aio::ConnectionManager;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool, Row};
use std::str::FromStr;

/// As the original has it.
const CONNECTIONS: u32 = 25;
/// As the original has it.
const CACHED_SECONDS: u64 = 86_400;
/// As the original has it, in seconds.
const RATE_WINDOW: i64 = 60;

/// The product's: each statement is planned once a connection, and looks rows up by key.
const PLANS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];

#[derive(Clone)]
struct App {
    pool: PgPool,
    redis: ConnectionManager,
}

/// The routes, upon the database and the Redis of the product.
pub(crate) async fn router(database_url: &str, redis_url: &str) -> Result<Router> {
    let database = PgConnectOptions::from_str(database_url)?.options(PLANS);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
    let pool = pool.connect_lazy_with(database);
    let redis = redis::Client::open(redis_url)?.get_connection_manager().await?;
    Ok(Router::new()
        .route("/subscribe", post(subscribe))
        .route("/subscriptions/{id}", get(subscriptions))
        .with_state(App { pool, redis }))
}

/// Status and body of an answer, as they are cached.
type Answer = (u16, String);

fn respond(answer: Result<Answer>) -> Response {
    let (status, body) = answer.unwrap_or_else(|error| (500, format!("{error:#}")));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn subscribe(State(app): State<App>, headers: HeaderMap, body: String) -> Response {
    match headers.get("idempotency-key").and_then(|key| key.to_str().ok()) {
        Some(key) => respond(answer(app, key, &body).await),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn answer(mut app: App, key: &str, body: &str) -> Result<Answer> {
    let cache_key = format!("idempotency:{key}");
    if let Some(text) = app.redis.get::<_, Option<String>>(&cache_key).await? {
        return Ok(serde_json::from_str(&text)?);
    }
    let limited: (i64,) = redis::pipe()
        .incr("ratelimit:local", 1)
        .expire("ratelimit:local", RATE_WINDOW)
        .ignore()
        .query_async(&mut app.redis)
        .await?;
    ensure!(limited.0 > 0, "the limiter does not count");
    let executed = execute(&app.pool, key, body).await?;
    let text = serde_json::to_string(&executed)?;
    app.redis.set_ex::<_, _, ()>(&cache_key, text, CACHED_SECONDS).await?;
    Ok(executed)
}

async fn execute(pool: &PgPool, key: &str, body: &str) -> Result<Answer> {
    let Subscribe { user_id, plan, duration_months } = serde_json::from_str(body)?;
    let mut connection = pool.acquire().await?;
    // Statements of one round trip can have no parameters.
    let begin = format!("BEGIN; {} ", include_str!("../../../sql/sync_load.sql"));
    let begin = begin.replace("$1", &user_id.to_string());
    let found = sqlx::raw_sql(AssertSqlSafe(begin)).fetch_optional(&mut *connection).await?;
    let is_free = match &found {
        Some(row) => row.try_get::<Option<i64>, _>("active")?.is_none(),
        None => false,
    };
    let answer = if is_free {
        let written = sqlx::query_scalar(include_str!("../../../sql/sync_write.sql"));
        let months = duration_months.unwrap_or(1);
        let written = written.bind(user_id).bind(plan).bind(months).bind(key).bind(body);
        (201, written.fetch_one(&mut *connection).await?)
    } else {
        (409, "{}".to_owned())
    };
    sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
    Ok(answer)
}

async fn subscriptions(State(app): State<App>, Path(user): Path<i64>) -> Response {
    // A connection of the pool for each request, handed back when it is answered.
    let page = sqlx::query_scalar(include_str!("../../../sql/sync_read.sql")).bind(user);
    respond(page.fetch_one(&app.pool).await.map(|body| (200, body)).map_err(Into::into))
}
