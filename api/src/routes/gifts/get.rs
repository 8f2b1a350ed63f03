//! `GET /gifts/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::GiftView;
use domain::{GiftId, Refusal};
use store::reads;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::GiftNotFound];

/// A gift of the caller.
#[utoipa::path(
    get,
    path = "/gifts/{id}",
    operation_id = "get_gift",
    tag = "gifts",
    params(("id" = GiftId, Path, description = "The id of the gift.")),
    responses((status = 200, description = "The gift.", body = GiftView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::from(refusal::problem(&Refusal::GiftNotFound));
    let id = GiftId::new(parameter.id().ok_or_else(not_found)?);
    let found = reads::gift(&state.database, caller.client, id).await?;
    let (gift, now) = found.ok_or_else(not_found)?;
    let payment = match gift.payment {
        Some(id) => reads::payment(&state.database, caller.client, id).await?,
        None => None,
    };
    Ok(respond::json(&GiftView::at(&gift, now).with_payment(payment.as_ref())))
}
