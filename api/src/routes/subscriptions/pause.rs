//! `POST /pause`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::SubscriptionView;
use domain::Pause;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::SubscriptionNotFound,
    ProblemKind::SubscriptionNotActive,
    ProblemKind::SubscriptionCancelling,
    ProblemKind::PaymentInProgress,
    ProblemKind::DateOutOfRange,
    ProblemKind::TermTooLong,
];

/// Lets a subscription stand still.
///
/// Meanwhile it does not entitle its user, and the rest of its term is kept exactly. It goes on at
/// `resume_at`, or after 365 days. Its `end_date` stays as it was bought until it goes on.
#[utoipa::path(
    post,
    path = "/pause",
    operation_id = "pause",
    tag = "subscriptions",
    request_body = Pause,
    responses((status = 200, description = "The subscription.", body = SubscriptionView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Pause>(state, request).await
}
