//! The direct write of plans: all of them or none, each with its row in `audit`.

use super::list::find_plan;
use crate::audit::{self, Act};
use crate::connections::Lent;
use crate::tables::plan_numbers;
use crate::{Database, StoreError};
use domain::{ClientId, Instant, Moment, Plan, PlanCode, PlanId, PlanSpec};
use serde_json::json;
use sqlx::{Connection, PgConnection};

/// What a plan of that code is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The code.
    pub code: PlanCode,
    /// What it is to be.
    pub spec: PlanSpec,
}

/// What came of a plan that was put.
#[derive(Debug)]
pub struct Put {
    /// The plan before, if there was one.
    pub before: Option<Plan>,
    /// The plan as it is now.
    pub plan: Plan,
}

/// Makes the plans of that client be what is wanted, in one transaction. One that is so already is
/// not written. `actor` is who does it, for `audit`.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn put(
    database: &Database,
    client: ClientId,
    wanted: &[Wanted],
    actor: &str,
) -> Result<Vec<Put>, StoreError> {
    let write = |mut connection: Lent| async move {
        let mut tx = connection.begin().await?;
        lock_catalogue(&mut tx, client).await?;
        let mut done = Vec::with_capacity(wanted.len());
        for one in wanted {
            done.push(put_one(&mut tx, client, one, actor).await?);
        }
        tx.commit().await?;
        Ok(done)
    };
    database.run(write).await
}

/// Plans of a client are put by one at a time, so that a code is made once. What a command locks
/// does not matter here: no command locks a client.
async fn lock_catalogue(tx: &mut PgConnection, client: ClientId) -> Result<(), StoreError> {
    sqlx::query!("SELECT id FROM clients WHERE id = $1 FOR NO KEY UPDATE", client.get())
        .fetch_optional(&mut *tx)
        .await?;
    Ok(())
}

async fn put_one(
    tx: &mut PgConnection,
    client: ClientId,
    Wanted { code, spec }: &Wanted,
    actor: &str,
) -> Result<Put, StoreError> {
    lock_plan(&mut *tx, client, code).await?;
    let before = find_plan(&mut *tx, client, code).await?;
    let Moment { real, business } = moment(&mut *tx, client).await?;
    let plan = match &before {
        Some(plan) => plan.revised(spec),
        None => Plan::new(draw_id(&mut *tx).await?, (client, code.clone()), spec, business),
    };
    if before.as_ref() != Some(&plan) {
        write(&mut *tx, &plan, business).await?;
        let detail = json!({ "version": plan.version, "spec": spec });
        let act = Act { actor, action: "put_plan", subject: code.as_str(), detail: &detail };
        audit::write(&mut *tx, client, act, real).await?;
    }
    Ok(Put { before, plan })
}

/// A command may be retiring it.
async fn lock_plan(
    tx: &mut PgConnection,
    client: ClientId,
    code: &PlanCode,
) -> Result<(), StoreError> {
    sqlx::query!(
        "SELECT id FROM plans WHERE client_id = $1 AND code = $2 FOR NO KEY UPDATE",
        client.get(),
        code.as_str(),
    )
    .fetch_optional(&mut *tx)
    .await?;
    Ok(())
}

/// The clock of a test client is not locked: what moves it does not look at when plans were made.
async fn moment(tx: &mut PgConnection, client: ClientId) -> Result<Moment, StoreError> {
    let moment = sqlx::query_as!(
        Moment,
        r#"SELECT present.time AS "real!",
                  coalesce((SELECT test_clocks.now FROM test_clocks
                            WHERE test_clocks.client_id = $1), present.time) AS "business!"
           FROM clock_timestamp() AS present (time)"#,
        client.get(),
    );
    Ok(moment.fetch_one(&mut *tx).await?)
}

async fn draw_id(tx: &mut PgConnection) -> Result<PlanId, StoreError> {
    let id = sqlx::query_scalar!(r#"SELECT nextval('plans_id_seq') AS "id!""#);
    Ok(PlanId::new(id.fetch_one(&mut *tx).await?))
}

/// Writes a plan, and its version if that is new. The foreign keys are checked at the end.
async fn write(tx: &mut PgConnection, plan: &Plan, now: Instant) -> Result<(), StoreError> {
    let (version, tier_rank, amount, trial_days, grace_days) = plan_numbers(plan)?;
    let (details, terms) = (&plan.details, &plan.terms);
    sqlx::query!(
        r#"WITH put_plan AS (
               INSERT INTO plans (id, client_id, code, name, tier, tier_rank, features, version,
                                  retired_at, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (client_id, code) DO UPDATE SET
                   name = excluded.name, tier = excluded.tier, tier_rank = excluded.tier_rank,
                   features = excluded.features, version = excluded.version,
                   retired_at = excluded.retired_at)
           INSERT INTO plan_versions (client_id, code, version, "interval", amount, currency,
                                      trial_days, grace_days, created_at)
           VALUES ($2, $3, $8, $11, $12, $13, $14, $15, $16)
           ON CONFLICT (client_id, code, version) DO NOTHING"#,
        plan.id.get(),
        plan.client.get(),
        plan.code.as_str(),
        details.name,
        details.tier,
        tier_rank,
        &details.features,
        version,
        plan.retired_at,
        plan.created_at,
        terms.interval.as_str(),
        amount,
        terms.price.currency.as_str(),
        trial_days,
        grace_days,
        now,
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}
