//! `GET /gifts/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::refusal;
use contract::view::GiftView;
use domain::{GiftId, Refusal};
use store::reads;

/// A gift of the caller.
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::from(refusal::problem(&Refusal::GiftNotFound));
    let id = GiftId::new(parameter.id().ok_or_else(not_found)?);
    let found = reads::gift(&state.database, caller.client, id).await?;
    let (gift, now) = found.ok_or_else(not_found)?;
    Ok(respond::json(&GiftView::at(&gift, now)))
}
