//! The table `ledger`. Postgres numbers its rows, in the order in which they are written.

use super::fit;
use crate::StoreError;
use domain::{Instant, Transfer};
use serde::Serialize;
use uuid::Uuid;

#[derive(Serialize)]
pub(crate) struct TransferRow {
    client_id: i64,
    group_id: Uuid,
    debit: String,
    credit: String,
    currency: &'static str,
    amount: i64,
    at: Instant,
}

/// The last part of the statement of money, which writes transfers: see `moved_money.rs`.
macro_rules! write_transfers {
    ([$($before:literal)*] [$next:ident $($rest:ident)*] $($argument:tt)*) => {
        $next! { [$($before)*
            " INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
            SELECT client_id, group_id, debit, credit, currency, amount, at
            FROM json_populate_recordset(NULL::ledger, $4::text::json)"]
            [$($rest)*] $($argument)* }
    };
}
pub(crate) use write_transfers;

impl TryFrom<&Transfer> for TransferRow {
    type Error = StoreError;

    fn try_from(transfer: &Transfer) -> Result<Self, StoreError> {
        Ok(Self {
            client_id: transfer.client.get(),
            group_id: transfer.job.get(),
            debit: transfer.debit.to_string(),
            credit: transfer.credit.to_string(),
            currency: transfer.currency.as_str(),
            amount: fit(transfer.amount, "ledger", "amount")?,
            at: transfer.at,
        })
    }
}
