//! `GET /users/{id}`

use crate::api_error::ApiError;
use crate::extract::{NamedUser, PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::UserView;
use domain::UserId;

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
    let user = NamedUser::in_path(&parameter)?.find(&state, caller.client).await?;
    Ok(respond::json(&UserView::from(&user)))
}
