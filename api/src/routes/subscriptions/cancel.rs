//! `POST /cancel`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Cancel;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] =
    &[ProblemKind::SubscriptionNotFound, ProblemKind::SubscriptionNotActive];

/// Ends a running subscription at once, or at its end, or one that waits.
///
/// Its `end_date` does not move. If another waits behind it, that one begins.
#[utoipa::path(
    post,
    path = "/cancel",
    operation_id = "cancel",
    tag = "subscriptions",
    request_body = Cancel,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Cancel>(state, request).await
}
