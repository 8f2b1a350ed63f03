//! Plans as clients see them.

use super::timestamp;
use domain::{Interval, Money, Plan, PlanCode, PlanDetails, Terms};
use serde::Serialize;
use utoipa::ToSchema;

/// A plan, at the terms that it is sold at today.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanView {
    code: PlanCode,
    #[schema(example = "Gold")]
    name: String,
    #[schema(example = "gold")]
    tier: String,
    #[schema(example = 30)]
    tier_rank: u32,
    interval: Interval,
    price: Money,
    trial_days: u32,
    #[schema(example = 7)]
    grace_days: u32,
    features: Vec<String>,
    /// The number of the version that is sold today. Other terms make a new one.
    #[schema(example = 1)]
    version: u32,
    /// The instant from which it is not sold any more.
    #[schema(format = DateTime, required)]
    retired_at: Option<String>,
}

impl From<&Plan> for PlanView {
    fn from(plan: &Plan) -> Self {
        let PlanDetails { name, tier, tier_rank, features } = plan.details.clone();
        let Terms { interval, price, trial_days, grace_days } = plan.terms;
        Self {
            code: plan.code.clone(),
            name,
            tier,
            tier_rank,
            interval,
            price,
            trial_days,
            grace_days,
            features,
            version: plan.version,
            retired_at: plan.retired_at.map(timestamp),
        }
    }
}
