//! `POST /renew`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Renew;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::SubscriptionNotFound,
    ProblemKind::DurationNotMultiple,
    ProblemKind::SubscriptionNotActive,
    ProblemKind::PaymentInProgress,
    ProblemKind::TermTooLong,
    ProblemKind::CurrencyMismatch,
    ProblemKind::PaymentsDisabled,
    ProblemKind::PriceTooSmall,
    ProblemKind::PaymentMethodRequired,
    ProblemKind::PaymentDeclined,
    ProblemKind::PaymentActionRequired,
];

/// Prolongs a running subscription.
///
/// The new end is counted from the first start. A plan with a price is charged first, credit before
/// cash. If the charge is declined or has to be confirmed, nothing changes.
#[utoipa::path(
    post,
    path = "/renew",
    operation_id = "renew",
    tag = "subscriptions",
    request_body = Renew,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Renew>(state, request).await
}
