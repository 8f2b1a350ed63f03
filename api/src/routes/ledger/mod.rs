//! The books of a client.

mod balances;
mod entries;

use crate::openapi::read;
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(read(routes!(balances::handle), balances::PROBLEMS))
        .routes(read(routes!(entries::handle), entries::PROBLEMS))
}
