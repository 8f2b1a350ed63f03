//! What the simulated provider keeps, tables `simulated_charges` and `simulated_refunds`. It is a
//! party of its own: its rows are written in no transaction of ours, and refer to none of our rows.

mod event;

pub use event::ChargeEvent;

use crate::connections::Lent;
use crate::tables::{inconsistent, to_json};
use crate::{Database, StoreError};
use domain::{ClientId, Currency, PaymentId, RefundId};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// The status of a charge that waits for the user.
const ACTION_REQUIRED: &str = "action_required";

/// A charge as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewCharge<'a> {
    /// The key that it is known by.
    #[serde(rename = "provider_key")]
    pub key: &'a str,
    /// The client.
    #[serde(rename = "client_id")]
    pub client: ClientId,
    /// The payment.
    #[serde(rename = "payment_id")]
    pub payment: PaymentId,
    /// The amount, in the smallest unit of the currency.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// The token of the method.
    pub method: &'a str,
    /// The status that it has if it is new: `processing`, `action_required`, `succeeded`,
    /// `declined` or `cancelled`.
    pub status: &'a str,
    /// Why it is declined, if it is.
    pub decline_code: Option<&'a str>,
}

/// Whether charges are there when Postgres has lost its power right after they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// They are.
    Own,
    /// They are as soon as anything is that is committed after them. For who tells of a charge
    /// only by a commit in the same Postgres: it waits for the disk once.
    OfWhatFollows,
}

/// A charge as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedCharge {
    /// The client.
    pub client: ClientId,
    /// The payment.
    pub payment: PaymentId,
    /// The amount, in the smallest unit of the currency.
    pub amount: u64,
    /// The code of the currency.
    pub currency: String,
    /// The token of the method.
    pub method: String,
    /// The status.
    pub status: String,
    /// Why it was declined, if it was.
    pub decline_code: Option<String>,
    /// How often it was sent or asked for.
    pub sends: u32,
    /// The real time since it was made.
    pub age: Duration,
}

/// A refund as it is asked for. It succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRefund<'a> {
    /// The key that it is known by.
    pub key: &'a str,
    /// The client.
    pub client: ClientId,
    /// The payment.
    pub payment: PaymentId,
    /// The refund.
    pub refund: RefundId,
    /// The amount, in the smallest unit of the currency.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
}

impl SimulatedCharge {
    /// Whether the user has to do something first.
    #[must_use]
    pub fn is_awaiting_action(&self) -> bool {
        self.status == ACTION_REQUIRED
    }
}

/// The columns of a charge.
struct ChargeRow {
    provider_key: String,
    client_id: i64,
    payment_id: i64,
    amount: i64,
    currency: String,
    method: String,
    status: String,
    decline_code: Option<String>,
    sends: i32,
    age_us: i64,
}

impl TryFrom<ChargeRow> for SimulatedCharge {
    type Error = StoreError;

    fn try_from(row: ChargeRow) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("simulated_charges", column, &row.provider_key);
        // The clock may have been set back.
        let age = Duration::from_micros(row.age_us.max(0).unsigned_abs());
        Ok(Self {
            client: ClientId::new(row.client_id),
            payment: PaymentId::new(row.payment_id),
            amount: row.amount.try_into().map_err(|_| unknown("amount"))?,
            sends: row.sends.try_into().map_err(|_| unknown("sends"))?,
            age,
            currency: row.currency,
            status: row.status,
            method: row.method,
            decline_code: row.decline_code,
        })
    }
}

/// A checked query of whole charges: what comes before the columns, what comes after them, and the
/// arguments. They are listed here only.
macro_rules! query_charges {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            ChargeRow,
            $before
                + r#" provider_key, client_id, payment_id, amount, currency, method, status,
                      decline_code, sends,
                      (extract(epoch FROM clock_timestamp() - created_at) * 1000000)::bigint
                          AS "age_us!" "#
                + $after,
            $($argument),+
        )
    };
}

/// Makes charges, or finds those that were made with these keys, and counts that they were sent.
/// Returns them in the same order.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn charge(
    database: &Database,
    new: &[NewCharge<'_>],
    durability: Durability,
) -> Result<Vec<SimulatedCharge>, StoreError> {
    // Each key once, and all in one order: who else makes some of them waits for them in turn.
    let by_key: BTreeMap<&str, &NewCharge<'_>> = new.iter().map(|new| (new.key, new)).collect();
    let rows: Vec<&NewCharge<'_>> = by_key.into_values().collect();
    let rows = &to_json(&rows)?;
    let is_relaxed = durability == Durability::OfWhatFollows;
    let charge = |mut connection: Lent| async move {
        let rows = query_charges!(
            "WITH relaxed AS (
                 SELECT CASE WHEN $2 THEN set_config('synchronous_commit', 'off', true) END)
             INSERT INTO simulated_charges (provider_key, client_id, payment_id, amount, currency,
                                            method, status, decline_code)
             SELECT provider_key, client_id, payment_id, amount, currency, method, status,
                    decline_code
             FROM relaxed, json_populate_recordset(NULL::simulated_charges, $1::text::json)
             ON CONFLICT (provider_key) DO UPDATE SET sends = simulated_charges.sends + 1
             RETURNING",
            "",
            rows,
            is_relaxed,
        )
        .fetch_all(&mut *connection)
        .await?;
        let charge = |row: ChargeRow| Ok((row.provider_key.clone(), row.try_into()?));
        rows.into_iter().map(charge).collect::<Result<HashMap<_, _>, StoreError>>()
    };
    let made = database.run(charge).await?;
    let made = |new: &NewCharge<'_>| {
        let lost = || inconsistent("simulated_charges", "provider_key", new.key);
        made.get(new.key).cloned().ok_or_else(lost)
    };
    new.iter().map(made).collect()
}

/// The charge of that key. It is counted as one that was sent.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn ask(database: &Database, key: &str) -> Result<Option<SimulatedCharge>, StoreError> {
    let ask = |mut connection: Lent| async move {
        let row = query_charges!(
            "UPDATE simulated_charges SET sends = sends + 1 WHERE provider_key = $1 RETURNING",
            "",
            key,
        )
        .fetch_optional(&mut *connection)
        .await?;
        row.map(TryInto::try_into).transpose()
    };
    database.run(ask).await
}

/// The charge of that key.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find(database: &Database, key: &str) -> Result<Option<SimulatedCharge>, StoreError> {
    let look = |mut connection: Lent| async move {
        let row = query_charges!("SELECT", "FROM simulated_charges WHERE provider_key = $1", key,)
            .fetch_optional(&mut *connection)
            .await?;
        row.map(TryInto::try_into).transpose()
    };
    database.read(look).await
}

/// The charges of a payment. More than one would be a bug.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn charges(
    database: &Database,
    client: ClientId,
    payment: PaymentId,
) -> Result<Vec<SimulatedCharge>, StoreError> {
    let look = |mut connection: Lent| async move {
        let rows = query_charges!(
            "SELECT",
            "FROM simulated_charges WHERE client_id = $1 AND payment_id = $2
             ORDER BY created_at, provider_key",
            client.get(),
            payment.get(),
        )
        .fetch_all(&mut *connection)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    };
    database.read(look).await
}

/// Gives the charge of that key another status, if it has that one. `false` if it has not.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn end(
    database: &Database,
    key: &str,
    from: &str,
    to: &str,
    decline_code: Option<&str>,
) -> Result<bool, StoreError> {
    let write = |mut connection: Lent| async move {
        let ended = sqlx::query!(
            "UPDATE simulated_charges SET status = $3, decline_code = $4,
                 updated_at = clock_timestamp()
             WHERE provider_key = $1 AND status = $2",
            key,
            from,
            to,
            decline_code,
        )
        .execute(&mut *connection)
        .await?;
        Ok(ended.rows_affected() == 1)
    };
    database.run(write).await
}

/// Lets a user do what the charge of that key waits for, or not, and returns its status. What was
/// done once stays. `None` if there is no such charge.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn act(
    database: &Database,
    key: &str,
    succeeds: bool,
) -> Result<Option<String>, StoreError> {
    let (to, code) =
        if succeeds { ("succeeded", None) } else { ("declined", Some("generic_decline")) };
    end(database, key, ACTION_REQUIRED, to, code).await?;
    Ok(find(database, key).await?.map(|charge| charge.status))
}

/// Pays money back, or finds the refund that was made with that key. Returns its status.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn refund(database: &Database, new: &NewRefund<'_>) -> Result<String, StoreError> {
    let amount = amount(new.amount, "simulated_refunds")?;
    let refund = |mut connection: Lent| async move {
        let status = sqlx::query_scalar!(
            "INSERT INTO simulated_refunds (provider_key, client_id, payment_id, refund_id, amount,
                                            currency, status)
             VALUES ($1, $2, $3, $4, $5, $6, 'succeeded')
             ON CONFLICT (provider_key) DO UPDATE SET status = simulated_refunds.status
             RETURNING status",
            new.key,
            new.client.get(),
            new.payment.get(),
            new.refund.get(),
            amount,
            new.currency.as_str(),
        );
        Ok(status.fetch_one(&mut *connection).await?)
    };
    database.run(refund).await
}

/// The status of the refund of that key.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn find_refund(database: &Database, key: &str) -> Result<Option<String>, StoreError> {
    let look = |mut connection: Lent| async move {
        let status = sqlx::query_scalar!(
            "SELECT status FROM simulated_refunds WHERE provider_key = $1",
            key,
        );
        Ok(status.fetch_optional(&mut *connection).await?)
    };
    database.read(look).await
}

fn amount(amount: u64, table: &'static str) -> Result<i64, StoreError> {
    i64::try_from(amount).map_err(|_| StoreError::Unwritable { table, column: "amount" })
}
