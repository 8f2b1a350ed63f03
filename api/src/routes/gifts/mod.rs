//! Gifts.

mod get;
mod give;
mod redeem;

use crate::openapi::{read, submission};
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(submission(routes!(give::handle), give::REFUSALS))
        .routes(submission(routes!(redeem::handle), redeem::REFUSALS))
        .routes(read(routes!(get::handle), get::PROBLEMS))
}
