//! `POST /change-plan`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::ChangePlan;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::SubscriptionNotFound,
    ProblemKind::UnknownPlan,
    ProblemKind::PlanRetired,
    ProblemKind::SubscriptionNotActive,
    ProblemKind::PlanUnchanged,
    ProblemKind::PaymentInProgress,
    ProblemKind::TermTooLong,
    ProblemKind::CurrencyMismatch,
    ProblemKind::PaymentsDisabled,
    ProblemKind::PriceTooSmall,
    ProblemKind::PaymentMethodRequired,
    ProblemKind::PaymentDeclined,
    ProblemKind::PaymentActionRequired,
];

/// Changes the plan of a subscription, at once or at its end.
///
/// At once, what is left of the time that was paid counts: the difference is charged, credit first,
/// or goes to the credit of the user. If the charge is declined nothing changes. A later request
/// takes the place of a change that waits; one to the plan that it has takes that change back.
/// `auto` is at once if the new plan costs more per month. A trial changes at once and costs
/// nothing.
#[utoipa::path(
    post,
    path = "/change-plan",
    operation_id = "change_plan",
    tag = "subscriptions",
    request_body = ChangePlan,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<ChangePlan>(state, request).await
}
