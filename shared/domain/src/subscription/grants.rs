//! The grants of a subscription: what was paid for them, and the time that they cover.

use crate::decide::Decider;
use crate::{Change, Currency, Grant, Instant, Slice, Subscription, SubscriptionState, calendar};

impl Grant {
    /// Whether something was paid for it that is not earned.
    pub(crate) const fn is_unearned(&self) -> bool {
        self.closed_at.is_none() && self.value > 0
    }
}

/// The instant at which the next of these grants ends that something was paid for.
pub(crate) fn recognise_at<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Option<Instant> {
    let unearned = grants.into_iter().filter(|grant| grant.is_unearned());
    unearned.filter_map(|grant| grant.slice).map(|slice| slice.end).min()
}

impl Decider<'_> {
    /// The grants of a subscription. If it is stored as one that waits, and runs, they cover what
    /// they cover since it has begun.
    pub(crate) fn grants_of(&self, running: &Subscription) -> Vec<Grant> {
        let grants = self.working_set.grants_of(running.id).cloned();
        if running.state == SubscriptionState::Scheduled {
            return grants.collect();
        }
        let mut months = 0;
        let after = |months| calendar::add_months(running.anchor, months);
        let laid = grants.map(|grant| {
            if grant.slice.is_some() {
                return grant;
            }
            let start = after(months);
            months += grant.months;
            let slice = start.zip(after(months)).map(|(start, end)| Slice { start, end });
            Grant { slice, ..grant }
        });
        laid.collect()
    }

    /// The currencies in which a subscription is paid: those of what is not earned, and that of its
    /// plan. None if all of it costs nothing.
    pub(crate) fn currencies_of(&self, running: &Subscription) -> impl Iterator<Item = Currency> {
        let grants = self.working_set.grants_of(running.id);
        let unearned = grants.filter(|grant| grant.is_unearned());
        let price = self.working_set.terms_of(running).map(|terms| terms.price);
        let of_plan = price.filter(|price| price.amount > 0).map(|price| price.currency);
        unearned.filter_map(|grant| grant.currency).chain(of_plan)
    }

    /// A subscription that has just begun after it had waited, and the rows of it and its grants.
    pub(crate) fn with_slices(&self, begun: Subscription) -> (Subscription, Vec<Change>) {
        let grants = self.grants_of(&begun);
        let begun = Subscription { recognise_at: recognise_at(&grants), ..begun };
        let rows = [Change::Subscription(begun.clone())].into_iter();
        (begun, rows.chain(grants.into_iter().map(Change::Grant)).collect())
    }

    /// Earns all that was paid for a subscription and is not earned.
    pub(crate) fn earn_rest(&self, running: &Subscription) -> Vec<Change> {
        let unearned = self.open_grants(running).into_iter().filter(Grant::is_unearned);
        unearned.flat_map(|grant| self.closed(grant)).collect()
    }

    /// A grant that ends now, and what was paid for it: that is earned.
    fn closed(&self, grant: Grant) -> impl Iterator<Item = Change> {
        let earned = grant.currency.and_then(|currency| self.earned(grant.value, currency));
        let closed = Grant { closed_at: Some(self.context.now), ..grant };
        [Change::Grant(closed)].into_iter().chain(earned)
    }
}
