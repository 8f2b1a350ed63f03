//! `POST /plans/{code}/retire`

use crate::api_error::ApiError;
use crate::extract::PathParameter;
use crate::scope::Scope;
use crate::state::ApiState;
use crate::submit;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use contract::view::PlanView;
use domain::{PlanCode, Refusal, RetirePlan};
use serde::Deserialize;
use utoipa::ToSchema;

/// The refusals of the command, in the order in which they are decided.
pub(crate) const REFUSALS: &[ProblemKind] = &[ProblemKind::PlanNotFound];

/// An empty object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Retire {}

/// Takes a plan off sale.
///
/// Subscriptions that have it keep it, and go on renewing. Retiring it again changes nothing.
#[utoipa::path(
    post,
    path = "/plans/{code}/retire",
    operation_id = "retire_plan",
    tag = "plans",
    params(("code" = PlanCode, Path, description = "The code of the plan.")),
    request_body = Retire,
    responses((status = 200, description = "The plan.", body = PlanView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    parameter: PathParameter,
    request: Request,
) -> Result<Response, ApiError> {
    submit::handle_as(state, request, Scope::Admin, |Retire {}| {
        // No plan has a code that cannot be one.
        let code = PlanCode::parse(&parameter.0);
        let code = code.map_err(|_| ApiError::from(refusal::problem(&Refusal::PlanNotFound)))?;
        Ok(RetirePlan { code }.into())
    })
    .await
}
