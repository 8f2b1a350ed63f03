//! `POST /subscribe`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Subscribe;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::UserNotFound,
    ProblemKind::UnknownPlan,
    ProblemKind::PlanRetired,
    ProblemKind::DurationNotMultiple,
    ProblemKind::AlreadySubscribed,
    ProblemKind::TrialNotAvailable,
    ProblemKind::PaymentInProgress,
    ProblemKind::TermTooLong,
    ProblemKind::CurrencyMismatch,
    ProblemKind::PaymentsDisabled,
    ProblemKind::PriceTooSmall,
    ProblemKind::PaymentMethodRequired,
    ProblemKind::PaymentDeclined,
];

/// Starts a subscription.
///
/// A user has at most one that runs. A plan with a trial begins with it if the user has had none of
/// its tier: then nothing is charged before its end. Else a plan with a price is charged, credit
/// first. If the user has to confirm the payment, the subscription is `pending`, and `payment` says
/// where that is done and until when.
#[utoipa::path(
    post,
    path = "/subscribe",
    operation_id = "subscribe",
    tag = "subscriptions",
    request_body = Subscribe,
    responses((status = 201, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Subscribe>(state, request).await
}
