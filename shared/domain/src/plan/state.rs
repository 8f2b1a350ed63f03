//! A plan and the terms of its versions (`docs/STATES.md`).

use crate::{ClientId, Instant, Interval, Money, PlanCode, PlanId, PlanSpec, Refusal, Sold};

/// A plan of a client, with the terms that it is sold at today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The id of its row. Newer plans of a client have greater ids.
    pub id: PlanId,
    /// The client that sells it.
    pub client: ClientId,
    /// The code, by which clients name it.
    pub code: PlanCode,
    /// What is true at once for all who have the plan.
    pub details: PlanDetails,
    /// The number of the version that is sold today. Older ones are kept, and never change.
    pub version: u32,
    /// The terms of that version.
    pub terms: Terms,
    /// The instant from which it is not sold any more.
    pub retired_at: Option<Instant>,
    /// The instant at which it was made.
    pub created_at: Instant,
}

/// The part of a plan that changes at once for all who have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanDetails {
    /// The name that people read.
    pub name: String,
    /// The tier: what is bought, whatever its interval.
    pub tier: String,
    /// The rank of the tier among others.
    pub tier_rank: u32,
    /// The features that it entitles to.
    pub features: Vec<String>,
}

/// The terms of a version of a plan: each buyer keeps those that he bought it at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The interval in which it is sold and renewed.
    pub interval: Interval,
    /// The price of an interval.
    pub price: Money,
    /// The days of a trial.
    pub trial_days: u32,
    /// The days for which a subscription goes on after a failed payment.
    pub grace_days: u32,
}

impl Plan {
    /// The number of the first version of every plan.
    pub const FIRST_VERSION: u32 = 1;

    /// A new plan.
    #[must_use]
    pub fn new(
        id: PlanId,
        (client, code): (ClientId, PlanCode),
        spec: &PlanSpec,
        now: Instant,
    ) -> Self {
        Self {
            id,
            client,
            code,
            details: spec.details(),
            version: Self::FIRST_VERSION,
            terms: spec.terms(),
            retired_at: None,
            created_at: now,
        }
    }

    /// This plan as it is to be from now on, and on sale. Other terms make a new version.
    #[must_use]
    pub fn revised(&self, spec: &PlanSpec) -> Self {
        let (details, terms) = (spec.details(), spec.terms());
        let version = if terms == self.terms { self.version } else { self.version + 1 };
        Self { details, version, terms, retired_at: None, ..self.clone() }
    }

    /// What is sold of it today, to be renewed by command.
    #[must_use]
    pub fn sold(&self) -> Sold<'_> {
        Sold {
            plan: self.code.as_str(),
            version: self.version,
            grace_days: self.terms.grace_days,
            auto_renew: false,
        }
    }

    /// This plan, not on sale any more. One that is not on sale stays as it is.
    #[must_use]
    pub fn retired(&self, now: Instant) -> Self {
        Self { retired_at: self.retired_at.or(Some(now)), ..self.clone() }
    }
}

impl Terms {
    /// The price of so many months, which are whole intervals.
    #[must_use]
    pub const fn price_of(&self, months: u32) -> Money {
        let intervals = months as u64 / self.interval.months() as u64;
        Money { amount: self.price.amount.saturating_mul(intervals), ..self.price }
    }

    /// The term of a purchase of `requested` months; one interval when no number was requested.
    pub fn term(&self, plan: &str, requested: Option<u32>) -> Result<u32, Refusal> {
        let interval_months = self.interval.months();
        let months = requested.unwrap_or(interval_months);
        if months.is_multiple_of(interval_months) {
            Ok(months)
        } else {
            Err(Refusal::DurationNotMultiple { plan: plan.to_owned(), interval_months })
        }
    }
}
