//! Payments and what is paid back of them.

mod get;
mod list;
mod refund;

use crate::openapi::{read, submission};
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(read(routes!(get::handle), get::PROBLEMS))
        .routes(read(routes!(list::handle), list::PROBLEMS))
        .routes(submission(routes!(refund::handle), refund::REFUSALS))
}
