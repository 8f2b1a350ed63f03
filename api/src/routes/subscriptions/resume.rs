//! `POST /resume`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Resume;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] =
    &[ProblemKind::SubscriptionNotFound, ProblemKind::SubscriptionNotPaused];

/// Lets a subscription that stands still go on: what was left of its term begins now.
#[utoipa::path(
    post,
    path = "/resume",
    operation_id = "resume",
    tag = "subscriptions",
    request_body = Resume,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Resume>(state, request).await
}
