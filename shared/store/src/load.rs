//! Loads and locks the rows that a batch of commands touches.

use crate::StoreError;
use crate::needs::{NeedsJson, clocks};
use crate::tables::{
    AcceptedJobRow, GiftRow, GrantRow, MethodRow, PaymentRow, PlanVersionRow, RefundRow,
    SubscriptionRow, TestClockRow, TransactionRow, UserRow, VersionedPlanRow, from_json,
};
use domain::{
    AcceptedJob, Change, ClientId, DrawnIds, GiftId, Instant, JobId, LogEntry, Needs, NewIds,
    SubscriptionId, UsedTrial, UserId, WorkingSet,
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

/// How a batch is loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Load {
    /// It waits for rows that another transaction has locked.
    Batch,
    /// It leaves them out.
    Unlocked,
    /// It locks nothing.
    Peek,
}

impl Load {
    /// What `load_all` calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Unlocked => "unlocked",
            Self::Peek => "peek",
        }
    }
}

/// Begins a transaction by those statements, and loads the rows that `needs` names, locked until
/// the transaction ends. Also returns the time, the jobs that are in the command log, and new ids.
/// The function `load_all` of Postgres does this.
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
    from_json::<Loaded>(&loaded)?.into_parts()
}

fn call(load: Load, needs: &Needs, jobs: &[(ClientId, JobId)]) -> Result<String, StoreError> {
    let clocks = clocks(needs);
    let clocks = if clocks.is_empty() { "NULL".to_owned() } else { format!("ARRAY{clocks:?}") };
    let json = NeedsJson::new(needs, jobs);
    let json = if matches!(load, Load::Peek) { json.unlocked() } else { json };
    let (how, needs) = (load.name(), json.literal()?);
    Ok(format!("SELECT load_all('{how}', {needs}, {clocks}::bigint[])::text"))
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
        self.sold_at.into_iter().flatten().try_for_each(|sold| sold.add_to(working_set))
    }
}

impl SoldAt {
    fn add_to(self, working_set: &mut WorkingSet) -> Result<(), StoreError> {
        let (id, terms) = (SubscriptionId::new(self.subscription_id), self.version.try_into()?);
        if self.next {
            working_set.add_next_terms(id, terms);
        } else {
            working_set.add_terms(id, terms);
        }
        Ok(())
    }
}

impl LoadedTier {
    fn add_to(self, working_set: &mut WorkingSet) {
        working_set.add_tier(ClientId::new(self.client_id), self.code, self.tier);
    }
}

/// The JSON that `load_all` returns.
#[derive(Deserialize)]
struct Loaded {
    rows: LoadedRows,
    accepted: Option<Vec<AcceptedJobRow<'static>>>,
    plans: Option<LoadedPlans>,
    clocks: Option<Vec<TestClockRow>>,
    tiers: Option<Vec<LoadedTier>>,
    redeemed: Option<Vec<Redemption>>,
    money: Option<LoadedMoney>,
}

/// A gift that is redeemed, as `load_redemptions` returns it.
#[derive(Deserialize)]
struct Redemption {
    gift_id: i64,
    subscription_id: i64,
}

/// The rows that are locked, and new ids.
#[derive(Deserialize)]
struct LoadedRows {
    users: Option<Vec<UserRow<'static>>>,
    gifts: Option<Vec<GiftRow<'static>>>,
    subscriptions: Option<Vec<SubscriptionRow<'static>>>,
    decided: Option<Vec<TransactionRow<'static>>>,
    new_users: Option<Vec<i64>>,
    new_gifts: Option<Vec<i64>>,
    new_subscriptions: Option<Vec<i64>>,
    new_grants: Option<Vec<i64>>,
    new_payments: Option<Vec<i64>>,
    new_methods: Option<Vec<i64>>,
    new_refunds: Option<Vec<i64>>,
    now: Instant,
}

/// The JSON that `load_money` returns, if a batch has to do with money.
#[derive(Default, Deserialize)]
struct LoadedMoney {
    grants: Option<Vec<GrantRow<'static>>>,
    payments: Option<Vec<PaymentRow<'static>>>,
    methods: Option<Vec<MethodRow<'static>>>,
    refunds: Option<Vec<RefundRow<'static>>>,
    trials: Option<Vec<LoadedTrial>>,
    tiers: Option<Vec<LoadedTier>>,
    new_grants: Vec<i64>,
}

/// A trial that a user has had, or somebody with the same email.
#[derive(Deserialize)]
struct LoadedTrial {
    client_id: i64,
    user_id: i64,
    tier: String,
}

impl LoadedMoney {
    /// Returns the new ids of grants.
    fn add_to(self, working_set: &mut WorkingSet) -> Result<Vec<i64>, StoreError> {
        for grant in self.grants.into_iter().flatten() {
            working_set.apply(Change::Grant(grant.try_into()?));
        }
        for payment in self.payments.into_iter().flatten() {
            working_set.apply(Change::Payment(payment.try_into()?));
        }
        for method in self.methods.into_iter().flatten() {
            working_set.apply(Change::Method(method.try_into()?));
        }
        for refund in self.refunds.into_iter().flatten() {
            working_set.apply(Change::Refund(refund.try_into()?));
        }
        for LoadedTrial { client_id, user_id, tier } in self.trials.into_iter().flatten() {
            let (client, user) = (ClientId::new(client_id), UserId::new(user_id));
            working_set.apply(Change::Trial(UsedTrial { client, user, tier }));
        }
        self.tiers.into_iter().flatten().for_each(|tier| tier.add_to(working_set));
        Ok(self.new_grants)
    }
}

impl Loaded {
    fn into_parts(self) -> Result<(WorkingSet, BatchContext), StoreError> {
        let Self { mut rows, accepted, plans, clocks, tiers, redeemed, money } = self;
        let mut working_set = WorkingSet::default();
        rows.add_to(&mut working_set)?;
        let new_grants = money.unwrap_or_default().add_to(&mut working_set)?;
        if let Some(plans) = plans {
            plans.add_to(&mut working_set)?;
        }
        for clock in clocks.into_iter().flatten() {
            working_set.add_test_clock(clock.try_into()?);
        }
        tiers.into_iter().flatten().for_each(|tier| tier.add_to(&mut working_set));
        for Redemption { gift_id, subscription_id } in redeemed.into_iter().flatten() {
            let (gift, subscription) = (GiftId::new(gift_id), SubscriptionId::new(subscription_id));
            working_set.add_redemption(gift, subscription);
        }
        let mut decided = HashMap::new();
        for entry in rows.decided.take().into_iter().flatten() {
            let entry = LogEntry::try_from(entry)?;
            decided.insert(entry.job, entry);
        }
        let accepted = accepted.into_iter().flatten().map(|row| {
            let job = AcceptedJob::try_from(row)?;
            Ok((job.job, job))
        });
        let accepted = accepted.collect::<Result<_, StoreError>>()?;
        let (now, new_ids) = (rows.now, rows.new_ids(new_grants));
        Ok((working_set, BatchContext { now, decided, accepted, new_ids }))
    }
}

impl LoadedRows {
    fn add_to(&mut self, working_set: &mut WorkingSet) -> Result<(), StoreError> {
        for user in self.users.take().into_iter().flatten() {
            working_set.apply(Change::User(user.try_into()?));
        }
        for gift in self.gifts.take().into_iter().flatten() {
            working_set.apply(Change::Gift(gift.try_into()?));
        }
        for subscription in self.subscriptions.take().into_iter().flatten() {
            working_set.apply(Change::Subscription(subscription.try_into()?));
        }
        Ok(())
    }

    /// The new ids, with more for grants.
    fn new_ids(self, more_grants: Vec<i64>) -> NewIds {
        let mut grants = self.new_grants.unwrap_or_default();
        grants.extend(more_grants);
        NewIds::new(DrawnIds {
            users: self.new_users.unwrap_or_default(),
            gifts: self.new_gifts.unwrap_or_default(),
            subscriptions: self.new_subscriptions.unwrap_or_default(),
            grants,
            payments: self.new_payments.unwrap_or_default(),
            methods: self.new_methods.unwrap_or_default(),
            refunds: self.new_refunds.unwrap_or_default(),
        })
    }
}
