//! The routes about the api itself: health, metrics, and its description.

mod health;
mod metrics;
mod openapi;

use crate::openapi::read;
use crate::state::ApiState;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this noun.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(health::handle))
        .routes(read(routes!(metrics::handle), &[]))
        .routes(routes!(openapi::handle))
}
