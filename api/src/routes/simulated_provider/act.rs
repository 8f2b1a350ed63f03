//! `POST /simulated-provider/actions/{key}`

use super::show::{key, not_found};
use crate::api_error::ApiError;
use crate::extract::{PathParameter, fields, is_form, read_body};
use crate::respond;
use crate::state::ApiState;
use axum::extract::{Request, State};
use axum::response::Response;
use contract::{FieldError, ProblemKind};
use domain::Provider;
use serde::{Deserialize, Serialize};
use store::provider_inbox;
use store::simulated::{self, ChargeEvent};
use utoipa::ToSchema;

/// What the user does.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Act {
    #[schema(inline)]
    outcome: ActOutcome,
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ActOutcome {
    /// The money is taken.
    Succeed,
    /// It is not.
    Fail,
}

/// A charge at the simulated provider.
#[derive(Serialize, ToSchema)]
pub(super) struct SimulatedCharge {
    /// How far it is: it keeps the outcome that it was given first.
    #[schema(example = "succeeded")]
    status: String,
}

/// The problems that only this has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[
    ProblemKind::MalformedJson,
    ProblemKind::InvalidRequest,
    ProblemKind::PaymentNotFound,
    ProblemKind::PayloadTooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::UnsupportedContentEncoding,
];

/// Does what the simulated provider asks a user to do.
///
/// It needs no API key and no `Idempotency-Key`, as the page of a bank does not. The outcome is
/// told to us as by a webhook. What was done once stays.
#[utoipa::path(
    post,
    path = "/simulated-provider/actions/{key}",
    operation_id = "do_simulated_action",
    tag = "payments",
    params(
        ("key" = String, Path, description = "The key of the charge.", pattern = "^[0-9a-f]{64}$"),
    ),
    request_body = Act,
    responses((status = 200, description = "The charge.", body = SimulatedCharge)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    parameter: PathParameter,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = read_body(body, &state.large_bodies).await;
    let key = key(&parameter)?;
    let Act { outcome } = if is_form(&parts.headers) {
        of_form(&body?)?
    } else {
        fields(&parts.headers, &body?)?.read().map_err(ApiError::invalid)?
    };
    let succeeds = outcome == ActOutcome::Succeed;
    simulated::act(&state.database, key, succeeds).await?;
    let charge = simulated::find(&state.database, key).await?.ok_or_else(not_found)?;
    // Told again if it is done again: nobody knows whether it was told the first time.
    if let Some(ChargeEvent { id, body }) = charge.event(key) {
        provider_inbox::put(&state.database, Provider::Simulated, &id, &body).await?;
    }
    Ok(respond::json(&SimulatedCharge { status: charge.status }))
}

/// What a button of the page sends.
fn of_form(body: &[u8]) -> Result<Act, ApiError> {
    let outcome = match body {
        b"outcome=succeed" => ActOutcome::Succeed,
        b"outcome=fail" => ActOutcome::Fail,
        _ => {
            let message = "must be succeed or fail".to_owned();
            return Err(ApiError::invalid(vec![FieldError {
                field: "outcome".to_owned(),
                message,
            }]));
        }
    };
    Ok(Act { outcome })
}
