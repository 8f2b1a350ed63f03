//! The ledger of a client: its balances, and its transfers.

use crate::connections::Lent;
use crate::tables::{currency, inconsistent};
use crate::{Database, StoreError};
use domain::{Account, ClientId, Currency, Instant, JobId, Transfer};
use std::fmt::Display;

/// Accounts, each with its debits less its credits in a currency.
pub type Balances = Vec<(Account, Currency, i64)>;

/// The accounts of that client whose balance is not 0, each with its debits less its credits, and
/// the time of the client; only those in that currency, if one is given. They are those of the last
/// closing and of what came since.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn ledger_balances(
    database: &Database,
    client: ClientId,
    only: Option<Currency>,
) -> Result<(Balances, Instant), StoreError> {
    let look = |mut connection: Lent| async move {
        let found = sqlx::query!(
            r#"SELECT coalesce((SELECT test_clocks.now FROM test_clocks
                                WHERE test_clocks.client_id = $1), now()) AS "now!",
                      summed.account AS "account?", summed.currency AS "currency?",
                      summed.debited AS "debited?"
               FROM (SELECT) AS one
                   LEFT JOIN (
                       SELECT side.account, side.currency, sum(side.amount)::bigint AS debited
                       FROM (SELECT coalesce((SELECT place.tx FROM ledger_places AS place
                                              WHERE place.client_id = $1), '0') AS tx,
                                    coalesce((SELECT place.ledger_id FROM ledger_places AS place
                                              WHERE place.client_id = $1), 0) AS id) AS place,
                           LATERAL (
                               SELECT account, currency, amount FROM ledger_closings
                               WHERE client_id = $1
                               UNION ALL
                               SELECT debit, currency, amount FROM ledger
                               WHERE client_id = $1
                                 AND (ledger.tx, ledger.id) > (place.tx, place.id)
                               UNION ALL
                               SELECT credit, currency, -amount FROM ledger
                               WHERE client_id = $1
                                 AND (ledger.tx, ledger.id) > (place.tx, place.id)
                           ) AS side
                       WHERE $2::text IS NULL OR side.currency = $2
                       GROUP BY side.account, side.currency
                       HAVING sum(side.amount) <> 0) AS summed ON true
               ORDER BY summed.account, summed.currency"#,
            client.get(),
            only.map(Currency::as_str),
        )
        .fetch_all(&mut *connection)
        .await?;
        let now = found.first().map_or(Instant::UNIX_EPOCH, |row| row.now);
        let mut balances = Vec::new();
        for row in found {
            let (Some(account), Some(code), Some(debited)) =
                (row.account, row.currency, row.debited)
            else {
                continue;
            };
            balances.push((
                read_account(&account, client)?,
                read_currency(&code, client)?,
                debited,
            ));
        }
        Ok((balances, now))
    };
    database.read(look).await
}

/// A part of the transfers of a client.
#[derive(Debug)]
pub struct LedgerPage {
    /// The transfers, each with its number.
    pub transfers: Vec<(i64, Transfer)>,
    /// The number of the last one that is committed, and would be here if no older transaction
    /// went on.
    pub held_back: Option<i64>,
}

/// At most `limit` transfers of that client, from the one of that number on, which is the first if
/// it is there. Those of a transaction are here only when no older transaction goes on, so that
/// none comes before one that was read.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn ledger_transfers(
    database: &Database,
    client: ClientId,
    from: Option<i64>,
    limit: u32,
) -> Result<LedgerPage, StoreError> {
    let look = |mut connection: Lent| async move {
        let rows = sqlx::query!(
            r#"SELECT found.id, found.group_id, found.debit, found.credit, found.currency,
                      found.amount, found.at,
                      found.tx < pg_snapshot_xmin(pg_current_snapshot()) AS "is_settled!"
               FROM (SELECT coalesce((SELECT tx FROM ledger WHERE client_id = $1 AND id <= $2
                                      ORDER BY id DESC LIMIT 1), '0') AS tx) AS place,
                   LATERAL (SELECT id, group_id, debit, credit, currency, amount, at, tx
                            FROM ledger
                            WHERE client_id = $1 AND (tx, id) >= (place.tx, $2)
                            ORDER BY tx, id LIMIT $3) AS found
               ORDER BY found.tx, found.id"#,
            client.get(),
            from.unwrap_or(0),
            i64::from(limit),
        )
        .fetch_all(&mut *connection)
        .await?;
        let held_back = rows.iter().rev().find(|row| !row.is_settled).map(|row| row.id);
        let settled = rows.into_iter().take_while(|row| row.is_settled);
        let transfers = settled.map(|row| {
            let amount = u64::try_from(row.amount);
            let transfer = Transfer {
                client,
                job: JobId::new(row.group_id),
                debit: read_account(&row.debit, row.id)?,
                credit: read_account(&row.credit, row.id)?,
                amount: amount.map_err(|_| inconsistent("ledger", "amount", row.id))?,
                currency: read_currency(&row.currency, row.id)?,
                at: row.at,
            };
            Ok((row.id, transfer))
        });
        let transfers = transfers.collect::<Result<_, StoreError>>()?;
        Ok(LedgerPage { transfers, held_back })
    };
    database.read(look).await
}

fn read_account(account: &str, row: impl Display) -> Result<Account, StoreError> {
    Account::parse(account).ok_or_else(|| inconsistent("ledger", "account", row))
}

fn read_currency(code: &str, row: impl Display) -> Result<Currency, StoreError> {
    let currency = currency(Some(code)).ok().flatten();
    currency.ok_or_else(|| inconsistent("ledger", "currency", row))
}
