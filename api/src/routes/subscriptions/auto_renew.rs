//! `POST /auto-renew`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::SetAutoRenew;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::SubscriptionNotFound,
    ProblemKind::SubscriptionNotActive,
    ProblemKind::PaymentMethodRequired,
];

/// Switches whether a subscription is renewed at its end by itself.
///
/// One of a plan with a price needs a default payment method for that.
#[utoipa::path(
    post,
    path = "/auto-renew",
    operation_id = "auto_renew",
    tag = "subscriptions",
    request_body = SetAutoRenew,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<SetAutoRenew>(state, request).await
}
