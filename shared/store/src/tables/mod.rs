//! One row struct a table, for both directions: rows are written from it and read into it, as JSON
//! or by a query. A column of a table is a field of its struct, and its name in the SQL.

mod accepted_jobs;
mod by_itself;
mod clients;
mod effects;
mod gifts;
mod grants;
mod ledger;
mod payment_methods;
mod payments;
mod plans;
mod refunds;
mod subscriptions;
mod test_clocks;
mod transactions;
mod users;

pub(crate) use accepted_jobs::{AcceptedJobRow, query_accepted_jobs, write_accepted_jobs};
pub(crate) use by_itself::{DueRow, KeyedRow, RowKey, rows_by_themselves};
pub(crate) use clients::{rate_columns, rate_limit};
pub(crate) use effects::{EffectRow, NewEffectRow, ProgressRow};
pub(crate) use gifts::{GiftRow, query_gifts, write_gifts};
pub(crate) use grants::{GrantRow, write_grants};
pub(crate) use ledger::{TransferRow, write_transfers};
pub(crate) use payment_methods::{MethodRow, query_methods, write_methods};
pub(crate) use payments::{PaymentRow, query_payments, write_payments};
pub(crate) use plans::{PlanVersionRow, VersionedPlanRow, numbers as plan_numbers, query_plans};
pub(crate) use refunds::{RefundRow, write_refunds};
pub(crate) use subscriptions::{SubscriptionRow, query_subscriptions, write_subscriptions};
pub(crate) use test_clocks::TestClockRow;
pub(crate) use transactions::{LateAnswerRow, TransactionRow, write_transactions};
pub(crate) use users::{UserRow, query_users, write_users};

use crate::StoreError;
use domain::{Currency, InvalidCurrency};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;

/// Reads JSON that Postgres made of rows.
pub(crate) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| sqlx::Error::Decode(error.into()).into())
}

/// Reads the rows of `json_agg`, which makes null of none.
pub(crate) fn rows_from_json<Row: DeserializeOwned>(
    json: Option<&str>,
) -> Result<Vec<Row>, StoreError> {
    json.map_or(Ok(Vec::new()), from_json)
}

/// Writes JSON of which Postgres makes rows.
pub(crate) fn to_json<T: Serialize + ?Sized>(rows: &T) -> Result<String, StoreError> {
    serde_json::to_string(rows).map_err(|error| sqlx::Error::Encode(error.into()).into())
}

/// Bytes as Postgres writes them in JSON.
fn hex_text(bytes: &[u8]) -> String {
    format!("\\x{}", hex::encode(bytes))
}

/// The bytes that Postgres wrote in JSON.
fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("\\x")?).ok()
}

/// The error for a value of a row that the code does not know.
pub(crate) fn inconsistent(
    table: &'static str,
    column: &'static str,
    row: impl Display,
) -> StoreError {
    StoreError::Inconsistent { table, column, row: row.to_string() }
}

/// The value in the type of its column.
fn fit<C: TryFrom<V>, V>(
    value: V,
    table: &'static str,
    column: &'static str,
) -> Result<C, StoreError> {
    C::try_from(value).map_err(|_| StoreError::Unwritable { table, column })
}

/// The currency of that code, if there is one.
pub(crate) fn currency(code: Option<&str>) -> Result<Option<Currency>, InvalidCurrency> {
    code.map(Currency::parse).transpose()
}
