//! The clock of a test client.

mod advance;
mod get;

use crate::openapi::{read, submission};
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(submission(routes!(advance::handle), advance::REFUSALS))
        .routes(read(routes!(get::handle), get::PROBLEMS))
}
