//! The paths and their handlers.

use crate::extract::Fields;
use crate::middleware;
use crate::ops::{health, metrics};
use crate::routes::{gifts, jobs, method_not_allowed, not_found, problems, subscriptions, users};
use crate::state::ApiState;
use crate::submit;
use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodRouter, get, post};
use domain::Command;

/// The whole API over `state`.
pub fn router(state: ApiState) -> Router {
    let routes = Router::new()
        .route("/users", submission(users::create::command))
        .route("/users/{id}", get(users::get::handle))
        .route("/subscribe", submission(subscriptions::subscribe::command))
        .route("/renew", submission(subscriptions::renew::command))
        .route("/cancel", submission(subscriptions::cancel::command))
        .route("/subscriptions/{user_id}", get(subscriptions::list::handle))
        .route("/gift", submission(gifts::give::command))
        .route("/gift/redeem", submission(gifts::redeem::command))
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

/// The handler of a command's path; `command` makes the command from the members of a body.
fn submission(command: fn(&mut Fields) -> Option<Command>) -> MethodRouter<ApiState> {
    post(move |State(state): State<ApiState>, request: Request| {
        submit::handle(state, command, request)
    })
}
