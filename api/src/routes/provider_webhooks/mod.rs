//! What providers of payments tell us. The signature of a webhook is its authentication.

mod receive;
mod simulated;
mod stripe;

use crate::openapi::unauthenticated;
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(unauthenticated(routes!(stripe::handle), receive::PROBLEMS))
        .routes(unauthenticated(routes!(simulated::handle), receive::PROBLEMS))
}
