//! The tables `plans` and `plan_versions`. A plan of the domain has the terms of its newest
//! version.

use super::{fit, inconsistent};
use crate::StoreError;
use domain::{
    ClientId, Currency, Instant, Interval, Money, Plan, PlanCode, PlanDetails, PlanId, Terms,
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct PlanRow {
    id: i64,
    client_id: i64,
    code: String,
    name: String,
    tier: String,
    tier_rank: i32,
    features: Vec<String>,
    version: i32,
    retired_at: Option<Instant>,
    created_at: Instant,
}

#[derive(Deserialize)]
pub(crate) struct PlanVersionRow {
    code: String,
    interval: String,
    amount: i64,
    currency: String,
    trial_days: i32,
    grace_days: i32,
}

/// A plan with its newest version.
#[derive(Deserialize)]
pub(crate) struct VersionedPlanRow {
    plan: PlanRow,
    version: PlanVersionRow,
}

/// A checked query of plans with their newest versions, as JSON: what comes before and after them,
/// and the arguments.
macro_rules! query_plans {
    ($before:literal, $after:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query!(
            $before + "json_build_object(
                'plan', json_build_object(
                    'id', plans.id, 'client_id', plans.client_id, 'code', plans.code,
                    'name', plans.name, 'tier', plans.tier, 'tier_rank', plans.tier_rank,
                    'features', plans.features, 'version', plans.version,
                    'retired_at', plans.retired_at, 'created_at', plans.created_at),
                'version', json_build_object(
                    'code', plan_versions.code, 'interval', plan_versions.interval,
                    'amount', plan_versions.amount, 'currency', plan_versions.currency,
                    'trial_days', plan_versions.trial_days,
                    'grace_days', plan_versions.grace_days))" + $after,
            $($argument),+
        )
    };
}
pub(crate) use query_plans;

impl TryFrom<VersionedPlanRow> for Plan {
    type Error = StoreError;

    fn try_from(row: VersionedPlanRow) -> Result<Self, StoreError> {
        let VersionedPlanRow { plan, version } = row;
        let unknown = |column| inconsistent("plans", column, plan.id);
        Ok(Self {
            id: PlanId::new(plan.id),
            client: ClientId::new(plan.client_id),
            code: PlanCode::parse(&plan.code).map_err(|_| unknown("code"))?,
            version: plan.version.try_into().map_err(|_| unknown("version"))?,
            terms: version.try_into()?,
            retired_at: plan.retired_at,
            created_at: plan.created_at,
            details: PlanDetails {
                tier_rank: plan.tier_rank.try_into().map_err(|_| unknown("tier_rank"))?,
                name: plan.name,
                tier: plan.tier,
                features: plan.features,
            },
        })
    }
}

impl TryFrom<PlanVersionRow> for Terms {
    type Error = StoreError;

    fn try_from(row: PlanVersionRow) -> Result<Self, StoreError> {
        let unknown = |column| inconsistent("plan_versions", column, &row.code);
        Ok(Self {
            interval: Interval::parse(&row.interval).ok_or_else(|| unknown("interval"))?,
            price: Money {
                amount: row.amount.try_into().map_err(|_| unknown("amount"))?,
                currency: Currency::parse(&row.currency).map_err(|_| unknown("currency"))?,
            },
            trial_days: row.trial_days.try_into().map_err(|_| unknown("trial_days"))?,
            grace_days: row.grace_days.try_into().map_err(|_| unknown("grace_days"))?,
        })
    }
}

/// The numbers of a plan in the types of their columns: version, rank, amount, days of trial and of
/// grace.
pub(crate) fn numbers(plan: &Plan) -> Result<(i32, i32, i64, i32, i32), StoreError> {
    let Terms { price, trial_days, grace_days, .. } = plan.terms;
    Ok((
        fit(plan.version, "plans", "version")?,
        fit(plan.details.tier_rank, "plans", "tier_rank")?,
        fit(price.amount, "plan_versions", "amount")?,
        fit(trial_days, "plan_versions", "trial_days")?,
        fit(grace_days, "plan_versions", "grace_days")?,
    ))
}
