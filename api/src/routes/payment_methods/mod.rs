//! Payment methods of users.

mod add;
mod detach;
mod list;
mod set_default;

use crate::openapi::{read, submission};
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(submission(routes!(add::handle), add::REFUSALS))
        .routes(submission(routes!(set_default::handle), set_default::REFUSALS))
        .routes(submission(routes!(detach::handle), detach::REFUSALS))
        .routes(read(routes!(list::handle), list::PROBLEMS))
}
