//! `POST /users`

use crate::api_error::ApiError;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::view::UserView;
use domain::CreateUser;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] =
    &[ProblemKind::ExternalIdTaken, ProblemKind::EmailTaken];

/// Makes a user.
///
/// An email belongs to one user of a client, and so does an external id.
#[utoipa::path(
    post,
    path = "/users",
    operation_id = "create_user",
    tag = "users",
    request_body = CreateUser,
    responses((status = 201, description = "The user.", body = UserView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle::<CreateUser>(state, request).await
}
