//! Users.

mod create;
mod credit;
mod entitlement;
mod entitlement_by_external_id;
mod get;
mod list;
mod update;

use crate::openapi::{kept, read, submission};
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(submission(routes!(create::handle), create::REFUSALS))
        .routes(submission(routes!(update::handle), update::REFUSALS))
        .routes(read(routes!(list::handle), list::PROBLEMS))
        .routes(read(routes!(get::handle), get::PROBLEMS))
        .routes(read(routes!(credit::handle), credit::PROBLEMS))
        .routes(kept(read(routes!(entitlement::handle), entitlement::PROBLEMS)))
        .routes(kept(read(
            routes!(entitlement_by_external_id::handle),
            entitlement_by_external_id::PROBLEMS,
        )))
}
