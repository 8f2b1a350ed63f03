//! `POST /payment-methods/default`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::PaymentMethodView;
use domain::SetDefaultMethod;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[ProblemKind::PaymentMethodNotFound];

/// Makes a payment method the one that is charged.
///
/// A subscription that is past due is tried again at once.
#[utoipa::path(
    post,
    path = "/payment-methods/default",
    operation_id = "set_default_payment_method",
    tag = "payments",
    request_body = SetDefaultMethod,
    responses((status = 200, description = "The payment method.", body = PaymentMethodView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<SetDefaultMethod>(state, request).await
}
