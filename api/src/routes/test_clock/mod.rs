//! The clock of a test client.

mod get;

use crate::openapi::read;
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default().routes(read(routes!(get::handle), get::PROBLEMS))
}
