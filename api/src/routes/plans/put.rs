//! `PUT /plans/{code}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, authenticate, fields, read_body};
use crate::respond;
use crate::scope::Scope;
use crate::state::ApiState;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use contract::view::PlanView;
use contract::{FieldError, ProblemKind};
use domain::{PlanCode, PlanSpec};
use store::plans::{self, Wanted};

/// The problems that only this write has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[];

/// Makes a plan, or changes it.
///
/// Another price, interval, trial or grace makes a new version, which is sold from now on.
/// Subscriptions keep the version that they were sold at. Everything else changes at once for all.
/// A retired plan is on sale again. It is a direct write: it needs no `Idempotency-Key`, and the
/// same content changes nothing.
#[utoipa::path(
    put,
    path = "/plans/{code}",
    operation_id = "put_plan",
    tag = "plans",
    params(("code" = String, Path, description = "The code of the plan.", min_length = 1,
            max_length = 64, pattern = "^[a-z0-9._-]+$", example = "gold-monthly")),
    request_body = PlanSpec,
    responses(
        (status = 200, description = "The plan, which there was.", body = PlanView),
        (status = 201, description = "The new plan.", body = PlanView),
    ),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    parameter: PathParameter,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let caller = authenticate(&state, &parts, Scope::Admin).await?;
    let body = read_body(body, &state.large_bodies).await;
    let spec = fields(&parts.headers, &body?)?.read::<PlanSpec>();
    let wanted = wanted(&parameter.0, spec).map_err(ApiError::invalid)?;
    let put = plans::put(&state.database, caller.client, &[wanted], &caller.actor).await?;
    let put = put.first().ok_or_else(ApiError::internal)?;
    let mut response = respond::json(&PlanView::from(&put.plan));
    if put.before.is_none() {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// What is put, or all that is wrong with it.
fn wanted(code: &str, spec: Result<PlanSpec, Vec<FieldError>>) -> Result<Wanted, Vec<FieldError>> {
    let code = PlanCode::of_new_plan(code)
        .map_err(|error| FieldError { field: "code".to_owned(), message: error.to_string() });
    match (code, spec) {
        (Ok(code), Ok(spec)) => Ok(Wanted { code, spec }),
        (code, spec) => {
            let code = code.err().into_iter();
            Err(code.chain(spec.err().unwrap_or_default()).collect())
        }
    }
}
