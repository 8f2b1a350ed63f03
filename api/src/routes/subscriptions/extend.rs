//! `POST /extend`

use crate::api_error::ApiError;
use crate::scope::Scope;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Extend;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::SubscriptionNotFound,
    ProblemKind::SubscriptionNotActive,
    ProblemKind::PaymentInProgress,
    ProblemKind::TermTooLong,
];

/// Gives a subscription months for nothing.
///
/// Needs the scope `admin`.
#[utoipa::path(
    post,
    path = "/extend",
    operation_id = "extend",
    tag = "subscriptions",
    request_body = Extend,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle_as(state, request, Scope::Admin, |command: Extend| Ok(command.into())).await
}
