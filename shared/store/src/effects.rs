//! The effects, table `effects`: what is claimed, renewed, put off and counted. They are written
//! and done in the transactions of batches (`beside`).

use crate::connections::Lent;
use crate::tables::{EffectRow, from_json};
use crate::{Database, StoreError};
use domain::{ClientId, Effect, EffectId, EffectTask};
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
#[tracing::instrument(level = "debug", skip_all)]
pub async fn claim(database: &Database, limit: u32) -> Result<Vec<Claimed>, StoreError> {
    let kinds: Vec<String> = EffectTask::KINDS.map(str::to_owned).into();
    let (holder, kinds) = (Uuid::new_v4(), &kinds);
    let claim = |mut connection: Lent| async move {
        let claimed = sqlx::query_scalar!(
            r#"WITH claimed AS (
                   UPDATE effects SET holder = $1, attempts = attempts + 1,
                       lease_until = clock_timestamp() + make_interval(secs => $2)
                   WHERE ctid = ANY (ARRAY(
                       SELECT ctid FROM effects
                       WHERE due_at <= clock_timestamp()
                         AND coalesce(lease_until, '-infinity') <= clock_timestamp()
                         AND kind = ANY ($3)
                       ORDER BY due_at, id LIMIT $4
                       FOR NO KEY UPDATE SKIP LOCKED))
                   RETURNING client_id, id, kind, job_id, payload, attempts)
               SELECT to_json(claimed)::text AS "claimed!" FROM claimed"#,
            holder,
            LEASE.as_secs_f64(),
            kinds,
            i64::from(limit),
        )
        .fetch_all(&mut *connection)
        .await?;
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
