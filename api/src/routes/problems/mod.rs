//! The pages that the `type` of a problem names. They need no key, because they are the same for
//! everybody.

mod list;
mod page;
mod show;

use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default().routes(routes!(list::handle)).routes(routes!(show::handle))
}
