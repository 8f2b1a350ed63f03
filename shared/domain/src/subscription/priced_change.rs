//! What a change of plan costs: the grants that it replaces, and what they are worth.

use super::proration::{price_of_rest, unused};
use crate::decide::Decider;
use crate::{
    ChangeOfPlan, ChangedGrant, Conversion, Grant, Instant, Interval, NewIds, NewPeriod, Refusal,
    Slice, Subscription, Terms, calendar,
};

impl Decider<'_> {
    /// A change of `running` now, from the old terms to the new ones. Nothing is waived yet.
    pub(super) fn priced(
        &self,
        running: &Subscription,
        (old, new): (Option<&Terms>, &Terms),
        new_ids: &mut NewIds,
    ) -> ChangeOfPlan {
        let (at, grants) = (self.context.now, self.open_grants(running));
        let interval = old.map_or(Interval::Month, |old| old.interval);
        let is_same = interval == new.interval;
        let replaced = grants.iter().filter_map(|grant| {
            let slice = grant.slice.filter(|slice| at < slice.end)?;
            let goes_on = || (new_ids.grant(), price_of(grant, new, slice, at));
            grant.is_priced().then(|| {
                let (new_grant, price) = is_same.then(goes_on).unzip();
                ChangedGrant {
                    grant: grant.id,
                    end: slice.end,
                    value: grant.value,
                    unused: unused(grant.value, slice, at),
                    new_grant,
                    price: price.unwrap_or(0),
                }
            })
        });
        let replaced = replaced.collect();
        let period = (!is_same).then(|| NewPeriod {
            grant: new_ids.grant(),
            start: after_free_time(&grants, at),
            months: new.interval.months(),
            price: new.price.amount,
        });
        ChangeOfPlan {
            at,
            last_grant: grants.last().map(|grant| grant.id),
            waived: 0,
            grace_days: new.grace_days,
            grants: replaced,
            period,
            conversion_months: self.conversion_of(running, new).map(|first| first.months),
        }
    }

    /// The first period after a trial, if it is bought of a plan of these terms.
    pub(super) fn conversion_of(&self, running: &Subscription, new: &Terms) -> Option<Conversion> {
        let old = self.working_set.next_terms_of(running);
        let (old, new) = (old.map(|old| old.interval.months()), new.interval.months());
        running.conversion.map(|first| first.in_intervals(old, new))
    }

    /// The months of what is free and has not begun. A new period goes before it.
    pub(super) fn free_months(&self, running: &Subscription, change: &ChangeOfPlan) -> u32 {
        let grants = self.open_grants(running);
        let free = grants.iter().filter(|grant| change.moves(grant)).map(|grant| grant.months);
        free.fold(0, u32::saturating_add)
    }
}

fn price_of(grant: &Grant, new: &Terms, slice: Slice, at: Instant) -> u64 {
    let length = grant.original_length().unwrap_or_else(|| slice.length());
    price_of_rest(new, (grant.months, length), slice, at)
}

/// The end of what is free and runs at `at`; else `at`.
fn after_free_time(grants: &[Grant], at: Instant) -> Instant {
    let mut free = grants.iter().filter(|grant| !grant.is_priced()).filter_map(|grant| grant.slice);
    free.find(|slice| slice.covers(at)).map_or(at, |slice| slice.end)
}

impl ChangeOfPlan {
    /// The instant at which a new period begins, if these are the grants that it does not replace.
    pub(super) fn begins(&self, kept: &[Grant]) -> Instant {
        after_free_time(kept, self.at)
    }

    /// The worth of all that is new.
    pub(super) fn price(&self) -> u64 {
        let period = self.period.as_ref().map(|period| period.price);
        self.grants.iter().map(|grant| grant.price).chain(period).sum()
    }

    /// The worth of all that is replaced.
    pub(super) fn unused(&self) -> u64 {
        self.grants.iter().map(|grant| grant.unused).sum()
    }

    /// What is to be paid.
    pub(super) fn owed(&self) -> u64 {
        self.price().saturating_sub(self.unused())
    }

    /// What the user has to his credit by it.
    pub(super) fn to_credit(&self) -> u64 {
        self.unused().saturating_sub(self.price())
    }

    /// This change, if so much of what is owed is waived. What is new is worth less by that.
    pub(super) fn without(mut self, waived: u64) -> Self {
        let period = self.period.as_mut().map(|period| &mut period.price);
        let prices = self.grants.iter_mut().rev().map(|grant| &mut grant.price).chain(period);
        let mut left = waived;
        for price in prices {
            let less = left.min(*price);
            (*price, left) = (*price - less, left - less);
        }
        Self { waived, ..self }
    }

    /// Whether the grant, which is open, is put behind the new period.
    pub(super) fn moves(&self, grant: &Grant) -> bool {
        let begins = |period: &NewPeriod| {
            grant
                .slice
                .is_some_and(|slice| self.at < slice.start && self.at < period.start.max(slice.end))
        };
        self.period.as_ref().is_some_and(begins) && !self.replaces(grant)
    }

    pub(super) fn replaces(&self, grant: &Grant) -> bool {
        self.grants.iter().any(|replaced| replaced.grant == grant.id)
    }
}

impl Subscription {
    /// This subscription with the period that the change begins, and those months behind it.
    pub(super) fn with_period(
        &self,
        change: &ChangeOfPlan,
        free_months: u32,
    ) -> Result<Self, Refusal> {
        let Some(period) = &change.period else { return Ok(self.clone()) };
        let anchor_months = period.months.saturating_add(free_months);
        let end_date = calendar::add_months(period.start, anchor_months);
        let end_date = end_date.ok_or(Refusal::TermTooLong)?;
        Ok(Self { anchor: period.start, anchor_months, end_date, ..self.clone() })
    }
}
