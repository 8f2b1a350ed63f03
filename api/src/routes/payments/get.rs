//! `GET /payments/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::PaymentView;
use domain::{PaymentId, Refusal};
use store::reads;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::PaymentNotFound];

/// A payment of a user of the caller.
#[utoipa::path(
    get,
    path = "/payments/{id}",
    operation_id = "get_payment",
    tag = "payments",
    params(("id" = PaymentId, Path, description = "The id of the payment.")),
    responses((status = 200, description = "The payment.", body = PaymentView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::from(refusal::problem(&Refusal::PaymentNotFound));
    let id = PaymentId::new(parameter.id().ok_or_else(not_found)?);
    let payment = reads::payment(&state.database, caller.client, id).await?;
    Ok(respond::json(&PaymentView::from(&payment.ok_or_else(not_found)?)))
}
