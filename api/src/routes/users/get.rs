//! `GET /users/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::refusal;
use contract::view::UserView;
use domain::{Refusal, UserId};
use store::reads;

/// A user of the caller.
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::from(refusal::problem(&Refusal::UserNotFound));
    let id = UserId::new(parameter.id().ok_or_else(not_found)?);
    let user = reads::user(&state.database, caller.client, id).await?.ok_or_else(not_found)?;
    Ok(respond::json(&UserView::from(&user)))
}
