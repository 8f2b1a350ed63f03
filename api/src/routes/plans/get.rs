//! `GET /plans/{code}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::PlanView;
use domain::{PlanCode, Refusal};
use store::plans;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::PlanNotFound];

/// A plan of the caller, retired or not.
#[utoipa::path(
    get,
    path = "/plans/{code}",
    operation_id = "get_plan",
    tag = "plans",
    params(("code" = PlanCode, Path, description = "The code of the plan.")),
    responses((status = 200, description = "The plan.", body = PlanView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let not_found = || ApiError::from(refusal::problem(&Refusal::PlanNotFound));
    let code = PlanCode::parse(&parameter.0).map_err(|_| not_found())?;
    let plan = plans::find(&state.database, caller.client, &code).await?.ok_or_else(not_found)?;
    Ok(respond::json(&PlanView::from(&plan)))
}
