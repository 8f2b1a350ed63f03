//! The books of all clients, as an operator reads them.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::Instant;

/// What stands in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedBalance {
    /// The name of the client.
    pub client: String,
    /// The account. Those of users and gifts are summed.
    pub account: String,
    /// The currency.
    pub currency: String,
    /// What was debited.
    pub debit: i64,
    /// What was credited.
    pub credit: i64,
}

/// What was earned in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarnedInMonth {
    /// The name of the client.
    pub client: String,
    /// The month, such as `2026-01`, by the time of the client, in UTC.
    pub month: String,
    /// The currency.
    pub currency: String,
    /// What was earned for time that was served.
    pub revenue: i64,
    /// What was earned by gifts that nobody redeemed.
    pub breakage: i64,
    /// What was paid back though it was earned.
    pub refund_loss: i64,
}

/// The trial balance: all accounts by client and currency, of the transfers up to `at`.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn trial_balance(
    database: &Database,
    at: Option<Instant>,
) -> Result<Vec<BookedBalance>, StoreError> {
    let look = |mut connection: Lent| async move {
        let balances = sqlx::query_as!(
            BookedBalance,
            r#"SELECT clients.name AS client, split_part(side.account, ':', 1) AS "account!",
                      side.currency AS "currency!", sum(side.debit)::bigint AS "debit!",
                      sum(side.credit)::bigint AS "credit!"
               FROM (SELECT client_id, debit AS account, currency, amount AS debit, 0 AS credit
                     FROM ledger WHERE $1::timestamptz IS NULL OR at <= $1
                     UNION ALL
                     SELECT client_id, credit, currency, 0, amount
                     FROM ledger WHERE $1::timestamptz IS NULL OR at <= $1) AS side
                   JOIN clients ON clients.id = side.client_id
               GROUP BY clients.name, 2, side.currency
               ORDER BY clients.name, side.currency, 2"#,
            at,
        );
        Ok(balances.fetch_all(&mut *connection).await?)
    };
    database.run(look).await
}

/// What was earned in each month, of the transfers up to `at`.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn earned(
    database: &Database,
    at: Option<Instant>,
) -> Result<Vec<EarnedInMonth>, StoreError> {
    let look = |mut connection: Lent| async move {
        let months = sqlx::query_as!(
            EarnedInMonth,
            r#"SELECT clients.name AS client,
                      to_char(ledger.at AT TIME ZONE 'UTC', 'YYYY-MM') AS "month!",
                      ledger.currency,
                      sum((ledger.credit = 'revenue')::integer * ledger.amount
                          - (ledger.debit = 'revenue')::integer * ledger.amount)::bigint
                          AS "revenue!",
                      sum((ledger.credit = 'breakage')::integer * ledger.amount
                          - (ledger.debit = 'breakage')::integer * ledger.amount)::bigint
                          AS "breakage!",
                      sum((ledger.debit = 'refund_loss')::integer * ledger.amount
                          - (ledger.credit = 'refund_loss')::integer * ledger.amount)::bigint
                          AS "refund_loss!"
               FROM ledger JOIN clients ON clients.id = ledger.client_id
               WHERE ($1::timestamptz IS NULL OR ledger.at <= $1)
                 AND (ledger.debit IN ('revenue', 'breakage', 'refund_loss')
                      OR ledger.credit IN ('revenue', 'breakage', 'refund_loss'))
               GROUP BY clients.name, 2, ledger.currency
               ORDER BY clients.name, 2, ledger.currency"#,
            at,
        );
        Ok(months.fetch_all(&mut *connection).await?)
    };
    database.run(look).await
}
