//! Loads and locks the rows that a batch of commands touches.

use crate::StoreError;
use crate::needs::{NeedsJson, PlanNeedsJson, clocks};
use crate::tables::{
    AcceptedJobRow, GiftRow, PlanVersionRow, SubscriptionRow, TestClockRow, TransactionRow,
    UserRow, VersionedPlanRow, from_json, rows_from_json,
};
use domain::{
    AcceptedJob, Change, ClientId, Instant, JobId, LogEntry, Needs, NewIds, SubscriptionId,
    WorkingSet,
};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, PgConnection, raw_sql};
use std::collections::HashMap;

/// The inputs of the decisions of a batch, beside the rows that it touches.
#[derive(Debug)]
pub struct BatchContext {
    /// The real time, by Postgres's clock, read while the locks are held. Those of test clients are
    /// in the working set.
    pub now: Instant,
    /// The entries of jobs that are in the command log already. There are seldom any.
    pub decided: HashMap<JobId, LogEntry>,
    /// The jobs of the batch that their clients were promised, and that are to be decided as they
    /// stand here. They leave the table when the batch is committed. There are seldom any.
    pub accepted: HashMap<JobId, AcceptedJob>,
    /// The new ids, as many as the batch needs.
    pub new_ids: NewIds,
}

/// The function of Postgres that loads a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// `load_batch`, which waits for rows that another transaction has locked.
    Batch,
    /// `load_unlocked`, which leaves them out.
    Unlocked,
}

/// Begins a transaction by those statements, and loads the rows that `needs` names, locked until
/// the transaction ends.
/// Also returns the time, the jobs that are in the command log, and new ids.
pub(crate) async fn begin_and_load(
    connection: &mut PgConnection,
    begin: &str,
    load: Load,
    needs: &Needs,
    jobs: &[(ClientId, JobId)],
) -> Result<(WorkingSet, BatchContext), StoreError> {
    // Several statements in one round trip cannot have parameters.
    let call = format!("{begin} {}", call(load, needs, jobs)?);
    let row = raw_sql(AssertSqlSafe(call)).fetch_one(connection).await?;
    let loaded: String = sqlx::Row::try_get(&row, 0)?;
    let accepted: Option<String> = sqlx::Row::try_get(&row, 1)?;
    let plans: Option<String> = sqlx::Row::try_get(&row, 2)?;
    let clocks: Option<String> = sqlx::Row::try_get(&row, 3)?;
    let tiers: Option<String> = sqlx::Row::try_get(&row, 4)?;
    let accepted = rows_from_json(accepted.as_deref())?;
    let (mut working_set, context) = from_json::<Loaded>(&loaded)?.into_parts(accepted)?;
    if let Some(plans) = plans {
        from_json::<LoadedPlans>(&plans)?.add_to(&mut working_set)?;
    }
    for clock in rows_from_json::<TestClockRow>(clocks.as_deref())? {
        working_set.add_test_clock(clock.try_into()?);
    }
    for LoadedTier { client_id, code, tier } in rows_from_json(tiers.as_deref())? {
        working_set.add_tier(ClientId::new(client_id), code, tier);
    }
    Ok((working_set, context))
}

/// The statement that loads a batch. The clocks of test clients are locked first: a row of `given`
/// is whole before `loaded` is made of it. What is selected is read last, with all locks held.
fn call(load: Load, needs: &Needs, jobs: &[(ClientId, JobId)]) -> Result<String, StoreError> {
    let plans = PlanNeedsJson::new(needs).map(|needs| needs.literal()).transpose()?;
    let plans = plans.map_or("NULL".to_owned(), |needs| format!("load_plans({needs})::text"));
    // All in one way, so that no lock has to become a stronger one.
    let moves = !needs.clocks_to_move.is_empty();
    let lock = if moves { "lock_test_clocks_to_move" } else { "lock_test_clocks" };
    let clocks = match clocks(needs) {
        none if none.is_empty() => "NULL".to_owned(),
        clients => format!("{lock}(ARRAY{clients:?}::bigint[])::text"),
    };
    // A gift may be redeemed.
    let tiers = if needs.gifts.is_empty() { "NULL" } else { "load_tiers(loaded)::text" };
    let literal = NeedsJson::new(needs, jobs).literal()?;
    let needs = if needs.external_ids.is_empty() {
        literal
    } else {
        format!("find_external_ids({literal})")
    };
    let (load, accepted, tiers) = match load {
        Load::Batch => ("load_batch", "take_accepted_jobs(needs)::text", tiers),
        Load::Unlocked => ("load_unlocked", "NULL", "NULL"),
    };
    Ok(format!(
        "SELECT loaded::text, {accepted}, {plans}, clocks, {tiers} \
         FROM (SELECT {needs}, {clocks}) AS given (needs, clocks), {load}(needs) AS loaded"
    ))
}

/// The JSON that `load_plans` returns.
#[derive(Deserialize)]
struct LoadedPlans {
    plans: Option<Vec<VersionedPlanRow>>,
    /// Plans on sale of a client who does not have all that are named.
    others: Option<Vec<VersionedPlanRow>>,
    sold_at: Option<Vec<SoldAt>>,
}

/// The version of a plan that a subscription was sold at, or is renewed as.
#[derive(Deserialize)]
struct SoldAt {
    subscription_id: i64,
    /// Whether it is the one that it is renewed as.
    next: bool,
    version: PlanVersionRow,
}

/// The tier of a plan, as `load_tiers` returns it.
#[derive(Deserialize)]
struct LoadedTier {
    client_id: i64,
    code: String,
    tier: String,
}

impl LoadedPlans {
    fn add_to(self, working_set: &mut WorkingSet) -> Result<(), StoreError> {
        for plan in self.plans.into_iter().chain(self.others).flatten() {
            working_set.apply(Change::Plan(plan.try_into()?));
        }
        for SoldAt { subscription_id, next, version } in self.sold_at.into_iter().flatten() {
            let (id, terms) = (SubscriptionId::new(subscription_id), version.try_into()?);
            if next {
                working_set.add_next_terms(id, terms);
            } else {
                working_set.add_terms(id, terms);
            }
        }
        Ok(())
    }
}

/// The JSON that `load_batch` and `load_unlocked` return.
#[derive(Deserialize)]
struct Loaded {
    users: Option<Vec<UserRow<'static>>>,
    gifts: Option<Vec<GiftRow<'static>>>,
    subscriptions: Option<Vec<SubscriptionRow<'static>>>,
    decided: Option<Vec<TransactionRow<'static>>>,
    #[serde(default)]
    new_users: Vec<i64>,
    #[serde(default)]
    new_gifts: Vec<i64>,
    #[serde(default)]
    new_subscriptions: Vec<i64>,
    now: Instant,
}

impl Loaded {
    fn into_parts(
        self,
        accepted: Vec<AcceptedJobRow<'static>>,
    ) -> Result<(WorkingSet, BatchContext), StoreError> {
        let mut working_set = WorkingSet::default();
        for user in self.users.into_iter().flatten() {
            working_set.apply(Change::User(user.try_into()?));
        }
        for gift in self.gifts.into_iter().flatten() {
            working_set.apply(Change::Gift(gift.try_into()?));
        }
        for subscription in self.subscriptions.into_iter().flatten() {
            working_set.apply(Change::Subscription(subscription.try_into()?));
        }
        let mut decided = HashMap::new();
        for entry in self.decided.into_iter().flatten() {
            let entry = LogEntry::try_from(entry)?;
            decided.insert(entry.job, entry);
        }
        let accepted = accepted.into_iter().map(|row| {
            let job = AcceptedJob::try_from(row)?;
            Ok((job.job, job))
        });
        let accepted = accepted.collect::<Result<_, StoreError>>()?;
        let new_ids = NewIds::new(self.new_users, self.new_gifts, self.new_subscriptions);
        Ok((working_set, BatchContext { now: self.now, decided, accepted, new_ids }))
    }
}
