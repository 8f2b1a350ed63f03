//! `POST /payment-methods/detach`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::PaymentMethodView;
use domain::DetachMethod;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[ProblemKind::PaymentMethodNotFound];

/// Takes a payment method away.
///
/// If it was the default there is none then, and what is due cannot be paid until there is another.
#[utoipa::path(
    post,
    path = "/payment-methods/detach",
    operation_id = "detach_payment_method",
    tag = "payments",
    request_body = DetachMethod,
    responses(
        (status = 200, description = "The payment method as it was.", body = PaymentMethodView),
    ),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<DetachMethod>(state, request).await
}
