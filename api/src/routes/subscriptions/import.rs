//! `POST /import`

use crate::api_error::ApiError;
use crate::scope::Scope;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Import;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::UserNotFound,
    ProblemKind::UnknownPlan,
    ProblemKind::PlanRetired,
    ProblemKind::AlreadySubscribed,
    ProblemKind::EndNotOnAnchor,
    ProblemKind::EndInPast,
];

/// Takes over a subscription that runs elsewhere, as it is.
///
/// Nothing is charged. Needs the scope `admin`.
#[utoipa::path(
    post,
    path = "/import",
    operation_id = "import",
    tag = "subscriptions",
    request_body = Import,
    responses((status = 201, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle_as(state, request, Scope::Admin, |command: Import| Ok(command.into())).await
}
