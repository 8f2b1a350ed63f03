//! `POST /refund`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::RefundView;
use domain::RefundPayment;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::PaymentNotFound,
    ProblemKind::PaymentNotRefundable,
    ProblemKind::PaymentDisputed,
    ProblemKind::PaymentInProgress,
    ProblemKind::RefundTooLarge,
    ProblemKind::RefundPartialGift,
];

/// Pays a payment back, or a part of it.
///
/// The money goes back to the method that was charged, and at most as much as was taken from it.
/// Credit that was spent is not given back. The payment of a gift is paid back whole: the gift is
/// cancelled, or the part of it that was not used goes. With `cancel` the subscription that was
/// bought ends, too.
#[utoipa::path(
    post,
    path = "/refund",
    operation_id = "refund",
    tag = "payments",
    request_body = RefundPayment,
    responses((status = 201, description = "The refund.", body = RefundView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<RefundPayment>(state, request).await
}
