//! Subscriptions.

mod auto_renew;
mod cancel;
mod change_plan;
mod extend;
mod get;
mod import;
mod list;
mod list_all;
mod open_payments;
mod pause;
mod renew;
mod resume;
mod subscribe;
mod uncancel;

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
        .routes(submission(routes!(uncancel::handle), uncancel::REFUSALS))
        .routes(submission(routes!(auto_renew::handle), auto_renew::REFUSALS))
        .routes(submission(routes!(pause::handle), pause::REFUSALS))
        .routes(submission(routes!(resume::handle), resume::REFUSALS))
        .routes(submission(routes!(extend::handle), extend::REFUSALS))
        .routes(submission(routes!(change_plan::handle), change_plan::REFUSALS))
        .routes(submission(routes!(import::handle), import::REFUSALS))
        .routes(read(routes!(get::handle), get::PROBLEMS))
        .routes(read(routes!(list::handle), list::PROBLEMS))
        .routes(read(routes!(list_all::handle), list_all::PROBLEMS))
}
