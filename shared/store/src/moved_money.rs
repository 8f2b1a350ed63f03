//! The statements that write what moves money: methods, payments, refunds, transfers, and trials
//! that were begun. Few batches have any of it, and the others pay for no statement.

use crate::StoreError;
use crate::changes::{rows, text_of_parts};
use crate::statements::Statement;
use crate::tables::{
    MethodRow, PaymentRow, RefundRow, TransferRow, write_methods, write_payments, write_refunds,
    write_transfers,
};
use domain::{Changes, UsedTrial};
use serde::Serialize;
use sqlx::{Execute, SqlStr};

#[derive(Serialize)]
struct TrialRow<'a> {
    client_id: i64,
    user_id: i64,
    tier: &'a str,
}

/// Writes it after the rows of the batch that it refers to.
pub(crate) fn write(changes: &Changes) -> Result<Vec<Statement>, StoreError> {
    let Changes { methods, payments, refunds, transfers, trials, .. } = changes;
    let mut statements = Vec::new();
    let moves =
        !methods.is_empty() || !payments.is_empty() || !refunds.is_empty() || !transfers.is_empty();
    if moves {
        let parameters = vec![
            rows::<_, MethodRow<'_>>(methods.values())?,
            rows::<_, PaymentRow<'_>>(payments.values())?,
            rows::<_, RefundRow<'_>>(refunds.values())?,
            rows::<_, TransferRow>(transfers)?,
        ];
        statements.push(Statement { name: "write_money", text: write_money, parameters });
    }
    let trials: Vec<TrialRow<'_>> = trials.iter().map(TrialRow::from).collect();
    statements.extend(Statement::of_rows("write_trials", write_trials, &trials)?);
    Ok(statements)
}

fn write_money() -> SqlStr {
    write_methods!(
        [] [write_payments write_refunds write_transfers text_of_parts]
        "", "", "", "",
    )
}

/// A second trial of a tier is a conflict: the one who begins it has not seen the first. The user
/// is written already, also if this very batch has made it.
fn write_trials() -> SqlStr {
    sqlx::query!(
        "INSERT INTO used_trials (client_id, user_id, tier, email_hash)
         SELECT begun.client_id, begun.user_id, begun.tier, trial_email_hash(users.email)
         FROM json_to_recordset($1::text::json)
                  AS begun (client_id bigint, user_id bigint, tier text)
             JOIN users ON users.client_id = begun.client_id AND users.id = begun.user_id",
        "",
    )
    .sql()
}

impl<'a> From<&'a UsedTrial> for TrialRow<'a> {
    fn from(UsedTrial { client, user, tier }: &'a UsedTrial) -> Self {
        Self { client_id: client.get(), user_id: user.get(), tier }
    }
}
