//! Subscriptions.

mod cancel;
mod list;
mod renew;
mod subscribe;

use crate::openapi::{read, submission};
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(submission(routes!(subscribe::handle), subscribe::REFUSALS))
        .routes(submission(routes!(renew::handle), renew::REFUSALS))
        .routes(submission(routes!(cancel::handle), cancel::REFUSALS))
        .routes(read(routes!(list::handle), list::PROBLEMS))
}
