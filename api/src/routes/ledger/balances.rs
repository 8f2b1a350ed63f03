//! `GET /ledger/balances`

use crate::api_error::ApiError;
use crate::extract::{Administrator, invalid_parameter, query};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::ProblemKind;
use contract::view::LedgerBalances;
use domain::Currency;
use serde::Deserialize;
use store::reads;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those in this currency.
    #[param(value_type = Option<Currency>, inline)]
    currency: Option<String>,
}

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::InvalidRequest];

/// The balances of the accounts of the caller.
///
/// Needs the scope `admin`. `cash`, `disputes`, `chargebacks` and `refund_loss` are positive when
/// debits outweigh credits, and all others when credits outweigh debits. What is 0 is left out.
#[utoipa::path(
    get,
    path = "/ledger/balances",
    operation_id = "get_ledger_balances",
    tag = "ledger",
    params(Filter),
    responses((status = 200, description = "The balances.", body = LedgerBalances)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Administrator(caller): Administrator,
    uri: Uri,
) -> Result<Response, ApiError> {
    let currency = query::<Filter>(&uri)?.currency.map(|code| {
        let wrong =
            |error: domain::InvalidCurrency| invalid_parameter("currency", &error.to_string());
        Currency::parse(&code).map_err(wrong)
    });
    let currency = currency.transpose()?;
    let (debits, now) = reads::ledger_balances(&state.database, caller.client, currency).await?;
    Ok(respond::json(&LedgerBalances::at(debits, now)))
}
