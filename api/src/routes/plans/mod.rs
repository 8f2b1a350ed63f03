//! Plans.

mod get;
mod list;
mod put;
mod retire;

use crate::openapi::{direct_write, read, submission};
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(read(routes!(list::handle), list::PROBLEMS))
        .routes(read(routes!(get::handle), get::PROBLEMS))
        .routes(direct_write(routes!(put::handle), put::PROBLEMS))
        .routes(submission(routes!(retire::handle), retire::REFUSALS))
}
