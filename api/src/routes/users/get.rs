//! `GET /users/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::UserView;
use domain::{Refusal, UserId};
use store::reads;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::UserNotFound];

/// A user of the caller.
#[utoipa::path(
    get,
    path = "/users/{id}",
    operation_id = "get_user",
    tag = "users",
    params(("id" = UserId, Path, description = "The id of the user.")),
    responses((status = 200, description = "The user.", body = UserView)),
)]
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
