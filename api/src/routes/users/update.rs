//! `POST /users/{id}/update`

use crate::api_error::ApiError;
use crate::extract::PathParameter;
use crate::scope::Scope;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::UserView;
use domain::{Refusal, UpdateUser, UserChanges, UserId};

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[ProblemKind::UserNotFound, ProblemKind::EmailTaken];

/// Changes the email or the metadata of a user.
///
/// What the body does not name stays. Metadata is replaced as a whole.
#[utoipa::path(
    post,
    path = "/users/{id}/update",
    operation_id = "update_user",
    tag = "users",
    params(("id" = UserId, Path, description = "The id of the user.")),
    request_body = UserChanges,
    responses((status = 200, description = "The user.", body = UserView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    parameter: PathParameter,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle_as(state, request, Scope::Write, |changes: UserChanges| {
        // Text that is no id names nobody, whom no worker has to look for.
        let not_found = || ApiError::from(refusal::problem(&Refusal::UserNotFound));
        let user_id = UserId::new(parameter.id().ok_or_else(not_found)?);
        Ok(UpdateUser { user_id, changes }.into())
    })
    .await
}
