//! `POST /payment-methods`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::PaymentMethodView;
use domain::AddMethod;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] =
    &[ProblemKind::UserNotFound, ProblemKind::PaymentsDisabled, ProblemKind::PaymentMethodDeclined];

/// Sets up a payment method of a user.
///
/// The provider is asked, so that it may take a moment. The first one of a user is the default,
/// which is charged from then on. A subscription that is past due is tried again at once then.
#[utoipa::path(
    post,
    path = "/payment-methods",
    operation_id = "add_payment_method",
    tag = "payments",
    request_body = AddMethod,
    responses((status = 201, description = "The payment method.", body = PaymentMethodView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<AddMethod>(state, request).await
}
