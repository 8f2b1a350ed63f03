//! The paths and their handlers.

use crate::middleware;
use crate::ops::{health, metrics};
use crate::routes::{gifts, jobs, method_not_allowed, not_found, problems, subscriptions, users};
use crate::state::ApiState;
use crate::submit;
use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodRouter, get, post};
use domain::{Cancel, Command, CreateUser, Give, Redeem, Renew, Subscribe};
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// The whole API over `state`.
pub fn router(state: ApiState) -> Router {
    let routes = Router::new()
        .route("/users", submission::<CreateUser>())
        .route("/users/{id}", get(users::get::handle))
        .route("/subscribe", submission::<Subscribe>())
        .route("/renew", submission::<Renew>())
        .route("/cancel", submission::<Cancel>())
        .route("/subscriptions/{user_id}", get(subscriptions::list::handle))
        .route("/gift", submission::<Give>())
        .route("/gift/redeem", submission::<Redeem>())
        .route("/gifts/{id}", get(gifts::get::handle))
        .route("/jobs/{id}", get(jobs::get::handle))
        .route("/problems", get(problems::list::handle))
        .route("/problems/{slug}", get(problems::show::handle))
        .route("/health", get(health::handle))
        .route("/metrics", get(metrics::handle))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state);
    middleware::layered(routes)
}

/// The handler of the path of a command of type `C`.
fn submission<C>() -> MethodRouter<ApiState>
where
    C: DeserializeOwned + ToSchema + Into<Command> + 'static,
{
    post(|State(state): State<ApiState>, request: Request| submit::handle::<C>(state, request))
}
