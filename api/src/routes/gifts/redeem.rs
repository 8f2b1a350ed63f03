//! `POST /gift/redeem`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::RedemptionView;
use domain::Redeem;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[
    ProblemKind::GiftNotFound,
    ProblemKind::UserNotFound,
    ProblemKind::GiftNotRecipient,
    ProblemKind::GiftAlreadyRedeemed,
    ProblemKind::GiftExpired,
    ProblemKind::GiftCancelled,
    ProblemKind::PaymentInProgress,
    ProblemKind::TermTooLong,
];

/// Turns a gift into time of a subscription.
///
/// It extends the running one if that is of the same tier, or starts a new one. The new one waits
/// if another runs: then `queued` is true, and it has no dates yet.
#[utoipa::path(
    post,
    path = "/gift/redeem",
    operation_id = "redeem",
    tag = "gifts",
    request_body = Redeem,
    responses((
        status = 200,
        description = "The redeemed gift and the subscription.",
        body = RedemptionView,
    )),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<Redeem>(state, request).await
}
