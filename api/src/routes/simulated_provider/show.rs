//! `GET /simulated-provider/actions/{key}`

use crate::api_error::ApiError;
use crate::extract::PathParameter;
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::response::Response;
use contract::ProblemKind;
use contract::refusal;
use domain::Refusal;
use store::simulated;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::PaymentNotFound];

/// The page on which a user confirms a simulated payment, or does not.
///
/// It stands for the page of a bank. Its address is the `action_url` of a payment.
#[utoipa::path(
    get,
    path = "/simulated-provider/actions/{key}",
    operation_id = "show_simulated_action",
    tag = "payments",
    params(
        ("key" = String, Path, description = "The key of the charge.", pattern = "^[0-9a-f]{64}$"),
    ),
    responses((status = 200, description = "The page.", body = String, content_type = "text/html")),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    parameter: PathParameter,
) -> Result<Response, ApiError> {
    let key = key(&parameter)?;
    let charge = simulated::find(&state.database, key).await?.ok_or_else(not_found)?;
    let amount = format!("{} of the smallest unit of {}", charge.amount, charge.currency);
    let body = if charge.is_awaiting_action() {
        concat!(
            "<form method=\"post\"><button name=\"outcome\" value=\"succeed\">Succeed</button> ",
            "<button name=\"outcome\" value=\"fail\">Fail</button></form>",
        )
    } else {
        "<p>There is nothing to do any more.</p>"
    };
    Ok(respond::page("Simulated payment", &format!("<p>A payment of {amount}.</p>{body}")))
}

/// The key of a charge in a path.
pub(super) fn key(PathParameter(text): &PathParameter) -> Result<&str, ApiError> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_key = text.len() == 64 && text.bytes().all(is_digit);
    is_key.then_some(&**text).ok_or_else(not_found)
}

/// The simulated provider knows no such charge.
pub(super) fn not_found() -> ApiError {
    refusal::problem(&Refusal::PaymentNotFound).into()
}
