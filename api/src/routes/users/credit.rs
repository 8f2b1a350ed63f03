//! `GET /users/{id}/credit`

use crate::api_error::ApiError;
use crate::extract::{NamedUser, PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::CreditView;
use domain::UserId;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::UserNotFound];

/// What a user of the caller has to his credit.
///
/// It comes from changes of plan, and is spent before cash by what is bought next. It is never paid
/// out.
#[utoipa::path(
    get,
    path = "/users/{id}/credit",
    operation_id = "get_credit",
    tag = "users",
    params(("id" = UserId, Path, description = "The id of the user.")),
    responses((status = 200, description = "The credit.", body = CreditView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let user = NamedUser::in_path(&parameter)?.find(&state, caller.client).await?;
    Ok(respond::json(&CreditView::from(&user)))
}
