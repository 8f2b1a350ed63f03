//! Where a user does what the simulated provider asks of him.

mod act;
mod show;

use crate::openapi::unauthenticated;
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(unauthenticated(routes!(show::handle), show::PROBLEMS))
        .routes(unauthenticated(routes!(act::handle), act::PROBLEMS))
}
