//! `POST /uncancel`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Uncancel;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] =
    &[ProblemKind::SubscriptionNotFound, ProblemKind::NotCancelling];

/// Takes back that a subscription is cancelled at its end.
#[utoipa::path(
    post,
    path = "/uncancel",
    operation_id = "uncancel",
    tag = "subscriptions",
    request_body = Uncancel,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Uncancel>(state, request).await
}
