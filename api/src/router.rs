//! The paths and their handlers.

use crate::routes::{
    gifts, jobs, ledger, method_not_allowed, not_found, payment_methods, payments, plans, preview,
    problems, provider_webhooks, simulated_provider, subscriptions, test_clock, users,
};
use crate::state::ApiState;
use crate::{middleware, openapi, ops};
use axum::Router;
use utoipa_axum::router::OpenApiRouter;

/// The whole API over `state`.
pub fn router(state: ApiState) -> Router {
    let auth = state.auth;
    let served = Router::from(routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(state);
    middleware::layered(served, auth)
}

/// Every route with its description, noun by noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(openapi::base())
        .merge(users::routes())
        .merge(plans::routes())
        .merge(subscriptions::routes())
        .merge(gifts::routes())
        .merge(payment_methods::routes())
        .merge(payments::routes())
        .merge(preview::routes())
        .merge(ledger::routes())
        .merge(provider_webhooks::routes())
        .merge(simulated_provider::routes())
        .merge(jobs::routes())
        .merge(test_clock::routes())
        .merge(problems::routes())
        .merge(ops::routes())
}
