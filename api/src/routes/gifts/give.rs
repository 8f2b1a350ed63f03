//! `POST /gift`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::GiftView;
use domain::Give;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::GifterNotFound,
    ProblemKind::UnknownPlan,
    ProblemKind::PlanRetired,
    ProblemKind::DurationNotMultiple,
    ProblemKind::CurrencyMismatch,
    ProblemKind::PaymentsDisabled,
    ProblemKind::PriceTooSmall,
    ProblemKind::PaymentMethodRequired,
    ProblemKind::PaymentDeclined,
];

/// Gives months of a plan to an email address.
///
/// The recipient need not be a user yet. A plan with a price is charged, and never from credit.
/// Until the payment has succeeded the gift is `incomplete`, and cannot be redeemed.
#[utoipa::path(
    post,
    path = "/gift",
    operation_id = "gift",
    tag = "gifts",
    request_body = Give,
    responses((status = 201, description = "The gift.", body = GiftView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Give>(state, request).await
}
