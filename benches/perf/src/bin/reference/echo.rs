//! What HTTP alone costs.

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

/// The body of `POST /subscribe`, in and out.
#[derive(Serialize, Deserialize)]
struct Subscribe {
    user_id: i64,
    plan: String,
    duration_months: Option<u32>,
}

#[derive(Serialize)]
struct Page {
    user_id: i64,
    subscriptions: Vec<Subscribe>,
    has_more: bool,
}

/// The routes.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/health", get(|| async { "{}" }))
        .route("/subscribe", post(subscribe))
        .route("/subscriptions/{id}", get(subscriptions))
}

async fn subscribe(
    headers: HeaderMap,
    Json(body): Json<Subscribe>,
) -> (StatusCode, Json<Subscribe>) {
    let status = match headers.get("idempotency-key") {
        Some(key) if !key.is_empty() => StatusCode::CREATED,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, Json(body))
}

/// As long as an answer of the product with one subscription.
async fn subscriptions(Path(user_id): Path<i64>) -> Json<Page> {
    let plan = "monthly".repeat(20);
    let one = Subscribe { user_id, plan, duration_months: Some(1) };
    Json(Page { user_id, subscriptions: vec![one], has_more: false })
}
