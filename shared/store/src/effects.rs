//! The effects, table `effects`: what is claimed, renewed, put off and counted. They are written
//! and done in the transactions of batches (`beside`).

use crate::connections::Lent;
use crate::tables::{EffectRow, from_json, to_json};
use crate::{Database, StoreError};
use domain::{ClientId, Effect, EffectId, EffectTask};
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

/// The real time for which a claim holds unless it is renewed.
pub const LEASE: Duration = Duration::from_secs(30);

/// A claim to an effect. It is lost when its lease has ended and another one was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The client of the effect.
    pub client: ClientId,
    /// The effect.
    pub id: EffectId,
    /// Who holds it.
    pub holder: Uuid,
}

/// An effect that was claimed.
#[derive(Debug)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// How often it was claimed since it got on, this time included.
    pub attempts: u32,
    /// The effect, or why it cannot be read.
    pub effect: Result<Effect, StoreError>,
}

/// The numbers of effects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The kind.
    pub kind: String,
    /// Those that are not done.
    pub open: i64,
    /// Those among them that were claimed more than once since they got on.
    pub failing: i64,
}

impl Claim {
    /// A claim of one's own to an effect that is about to be written.
    #[must_use]
    pub fn of_new(effect: &Effect) -> Self {
        Self { client: effect.client, id: effect.id, holder: Uuid::new_v4() }
    }
}

/// Claims at most `limit` effects that are due and that nobody holds, of kinds that this release
/// knows. It waits for nobody.
pub async fn claim(database: &Database, limit: u32) -> Result<Vec<Claimed>, StoreError> {
    claim_of(database, &EffectTask::KINDS, limit).await
}

/// Claims effects by that condition, which is part of the statement: Postgres plans it for any
/// parameters, and has to see which index will do.
macro_rules! claim_where {
    ($connection:expr, $holder:expr, $limit:expr, $condition:literal $(, $parameter:expr)*) => {
        sqlx::query_scalar!(
            r#"WITH claimed AS (
                   UPDATE effects SET holder = $1, attempts = attempts + 1,
                       lease_until = clock_timestamp() + make_interval(secs => $2)
                   WHERE ctid = ANY (ARRAY(
                       SELECT ctid FROM effects
                       WHERE due_at <= clock_timestamp()
                         AND coalesce(lease_until, '-infinity') <= clock_timestamp()
                         AND "#
                + $condition
                + r#"
                       ORDER BY due_at, id LIMIT $3
                       FOR NO KEY UPDATE SKIP LOCKED))
                   RETURNING client_id, id, kind, job_id, payload, attempts)
               SELECT to_json(claimed)::text AS "claimed!" FROM claimed"#,
            $holder,
            LEASE.as_secs_f64(),
            i64::from($limit),
            $($parameter,)*
        )
        .fetch_all($connection)
        .await?
    };
}

/// As [`claim`], of some kinds only.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn claim_of(
    database: &Database,
    kinds: &[&str],
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let (holder, kinds) = (Uuid::new_v4(), &kinds);
    let claim = |mut connection: Lent| async move {
        let connection = &mut *connection;
        let claimed = claim_where!(connection, holder, limit, "kind = ANY ($4)", kinds);
        claimed.iter().map(|row| Claimed::read(row, holder)).collect()
    };
    database.run(claim).await
}

/// As [`claim`], of clocks only. They have an index of their own, since there may be many others.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn claim_clocks(database: &Database, limit: u32) -> Result<Vec<Claimed>, StoreError> {
    let holder = Uuid::new_v4();
    let claim = |mut connection: Lent| async move {
        let claimed = claim_where!(&mut *connection, holder, limit, "kind = 'clock'");
        claimed.iter().map(|row| Claimed::read(row, holder)).collect()
    };
    database.run(claim).await
}

impl Claimed {
    fn read(row: &str, holder: Uuid) -> Result<Self, StoreError> {
        let row = from_json::<EffectRow>(row)?;
        let (client, id) = row.key();
        let claim = Claim { client, id, holder };
        let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
        Ok(Self { claim, attempts, effect: row.try_into() })
    }
}

/// Renews the lease of a claim. `false` if the claim is lost.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn renew(database: &Database, claim: Claim) -> Result<bool, StoreError> {
    let renew = |mut connection: Lent| async move {
        let done = sqlx::query!(
            "UPDATE effects SET lease_until = clock_timestamp() + make_interval(secs => $4)
             WHERE client_id = $1 AND id = $2 AND holder = $3",
            claim.client.get(),
            claim.id.get(),
            claim.holder,
            LEASE.as_secs_f64(),
        )
        .execute(&mut *connection)
        .await?;
        Ok(done.rows_affected() == 1)
    };
    database.read(renew).await
}

/// Gives a claim up. The effect is due again after `delay`. Nothing happens if the claim is lost.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn give_up(database: &Database, claim: Claim, delay: Duration) -> Result<(), StoreError> {
    let give_up = |mut connection: Lent| async move {
        sqlx::query!(
            "UPDATE effects SET holder = NULL, lease_until = NULL,
                 due_at = clock_timestamp() + make_interval(secs => $4)
             WHERE client_id = $1 AND id = $2 AND holder = $3",
            claim.client.get(),
            claim.id.get(),
            claim.holder,
            delay.as_secs_f64(),
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    database.read(give_up).await
}

/// Writes how far an effect is, which goes on; fails if the claim is lost.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn note(
    database: &Database,
    Claim { client, id, holder }: Claim,
    task: &EffectTask,
) -> Result<(), StoreError> {
    let task = &to_json(task)?;
    let note = |mut connection: Lent| async move {
        let done = sqlx::query!(
            "UPDATE effects SET payload = $4::text::json -> 'payload',
                 lease_until = clock_timestamp() + make_interval(secs => $5)
             WHERE client_id = $1 AND id = $2 AND holder = $3",
            client.get(),
            id.get(),
            holder,
            task,
            LEASE.as_secs_f64(),
        )
        .execute(&mut *connection)
        .await?;
        if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::ClaimLost) }
    };
    database.read(note).await
}

/// The kinds that ask a provider, and whose answers change what is due.
const OF_PAYMENTS: [&str; 3] = ["charge", "set_up_method", "pay_back"];
/// The most of one client that is told apart.
const OPEN_MAX: i64 = 1_000;

/// Something that a test client waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What tells it apart.
    pub id: String,
    /// Whether it was claimed since it got on.
    pub is_begun: bool,
}

/// A checked query of what a test client waits for: its effects that ask a provider, and what the
/// simulated provider has told of its payments that is not settled.
macro_rules! query_open {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!(
            $before
                + "SELECT id::text AS id, attempts > 0 AS is_begun FROM effects
                   WHERE client_id = $1 AND kind = ANY ($2)
                   UNION ALL
                   SELECT event_id, attempts > 0 FROM provider_inbox
                   WHERE payload IS NOT NULL AND provider = 'simulated'
                     AND payload::json #>> '{data,object,metadata,client_id}' = $1::bigint::text"
                + $after,
            $($argument),+
        )
    };
}

/// What a test client waits for, or some of it if it is much.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn open_payments(database: &Database, client: ClientId) -> Result<Vec<Open>, StoreError> {
    let kinds = &OF_PAYMENTS.map(str::to_owned);
    let look = |mut connection: Lent| async move {
        let found = query_open!(
            r#"SELECT id AS "id!", is_begun AS "is_begun!" FROM ("#,
            ") AS open ORDER BY id LIMIT $3",
            client.get(),
            kinds,
            OPEN_MAX,
        )
        .fetch_all(&mut *connection)
        .await?;
        Ok(found.into_iter().map(|row| Open { id: row.id, is_begun: row.is_begun }).collect())
    };
    database.read(look).await
}

/// Whether a test client waits for anything.
pub(crate) async fn has_open_payments(
    connection: &mut PgConnection,
    client: ClientId,
) -> Result<bool, StoreError> {
    let found = query_open!(
        "SELECT EXISTS (",
        r#") AS "found!""#,
        client.get(),
        &OF_PAYMENTS.map(str::to_owned),
    );
    Ok(found.fetch_one(connection).await?.found)
}

/// Deletes an effect that there is nothing to do for any more.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn forget(database: &Database, claim: Claim) -> Result<(), StoreError> {
    let forget = |mut connection: Lent| async move {
        sqlx::query!(
            "DELETE FROM effects WHERE client_id = $1 AND id = $2 AND holder = $3",
            claim.client.get(),
            claim.id.get(),
            claim.holder,
        )
        .execute(&mut *connection)
        .await?;
        Ok(())
    };
    database.read(forget).await
}

/// Counts the effects that are not done, by kind.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn count(database: &Database) -> Result<Vec<Count>, StoreError> {
    let count = |mut connection: Lent| async move {
        let counts = sqlx::query_as!(
            Count,
            r#"SELECT kind, count(*) AS "open!",
                      count(*) FILTER (WHERE attempts > 1) AS "failing!"
               FROM effects GROUP BY kind ORDER BY kind"#,
        );
        Ok(counts.fetch_all(&mut *connection).await?)
    };
    database.read(count).await
}
