//! `recognise_grants`: what was paid for grants is earned.

use super::grants::recognise_at;
use crate::decide::{Decider, InternalRules, InternalRuling};
use crate::{
    Change, ClientId, Entity, Grant, IdempotencyKey, Instant, Needs, Subscription, SubscriptionId,
    calendar,
};
use serde::{Deserialize, Serialize};

/// What was paid for the grants of a subscription that end by that instant is earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecogniseGrants {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The instant.
    pub at: Instant,
}

impl InternalRules for RecogniseGrants {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!(
            "recognise:{}:{}",
            self.subscription_id,
            calendar::written(self.at)
        ))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.grants_of.insert((client, self.subscription_id));
    }

    fn decide(&self, decider: &Decider<'_>) -> InternalRuling {
        let stored = decider.due(self.subscription_id, self.clone())?;
        let grants = decider.working_set.grants_of(stored.id);
        let unearned = grants.filter(|grant| grant.is_unearned());
        let (ended, going_on): (Vec<&Grant>, Vec<&Grant>) =
            unearned.partition(|grant| grant.slice.is_some_and(|slice| slice.end <= self.at));
        let after = Subscription { recognise_at: recognise_at(going_on), ..stored.clone() };
        let mut changes = vec![Change::Subscription(after.clone())];
        for grant in ended {
            let closed = Grant { closed_at: Some(self.at), ..grant.clone() };
            changes.push(Change::Grant(closed));
            let earned = grant.currency.and_then(|currency| decider.earned(grant.value, currency));
            changes.extend(earned);
        }
        Some((changes, Entity::Subscription(after)))
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Account, Change, Grant, GrantId, GrantSource, Instant, Slice, Subscription,
        SubscriptionState, WorkingSet,
    };
    use chrono::TimeDelta;

    const MONTHS: [&str; 3] =
        ["2026-05-31T08:00:00Z", "2026-06-30T08:00:00Z", "2026-07-31T08:00:00Z"];

    fn month(n: usize) -> Slice {
        Slice { start: at(MONTHS[n]), end: at(MONTHS[n + 1]) }
    }

    fn paid(n: usize, value: u64) -> Grant {
        let id = GrantId::new(50 + i64::try_from(n).unwrap());
        let paid = grant(HELD, GrantSource::Purchase, 1, month(n));
        Grant { id, value, currency: (value > 0).then(usd), ..paid }
    }

    /// Two months that were paid for.
    fn rows(state: SubscriptionState) -> WorkingSet {
        let recognise_at = Some(month(0).end);
        let held = Subscription { state, recognise_at, ..held(Holding::Running) };
        let grants = [paid(0, 500), paid(1, 700)].map(Change::Grant);
        working_set([Change::Subscription(held)].into_iter().chain(grants))
    }

    fn earn(rows: &WorkingSet, now: Instant) -> WorkingSet {
        let held = row(rows, HELD);
        let (at, due) = (held.due_at().unwrap(), held.due().unwrap());
        assert_eq!(due_at(rows, due.clone(), at - TimeDelta::microseconds(1)), None);
        let found = due_at(rows, due.clone(), now).unwrap();
        let after = after(rows, &found);
        let value = if at == month(0).end { 500 } else { 700 };
        assert_eq!(transfers(&found.changes), [(Account::Deferred, Account::Revenue, value)]);
        assert_eq!(due_at(&after, due, now), None, "once");
        after
    }

    #[test]
    fn each_grant_is_earned_at_its_end_however_late_that_is_seen() {
        for late in [TimeDelta::zero(), TimeDelta::days(400)] {
            let first = earn(&rows(SubscriptionState::Active), month(0).end + late);
            assert_eq!(row(&first, HELD).recognise_at, Some(month(1).end));
            let closed: Vec<_> = first.grants_of(HELD).map(|grant| grant.closed_at).collect();
            assert_eq!(closed, [Some(month(0).end), None]);
            // At the end it is earned before it expires.
            let second = earn(&first, month(1).end + late);
            assert_eq!(row(&second, HELD).recognise_at, None);
            let due = row(&second, HELD).due().unwrap();
            assert_eq!(due.operation(), crate::Operation::ExpireSubscription);
        }
    }

    #[test]
    fn what_has_ended_is_earned_though_the_subscription_is_marked_as_over() {
        let rows = rows(SubscriptionState::Expired);
        earn(&earn(&rows, month(1).end), month(1).end);
    }

    #[test]
    fn nothing_is_earned_while_it_stands_still_but_what_had_ended_before() {
        let before = SubscriptionState::Paused { at: month(0).start, resume_at: None };
        let resumes = row(&rows(before), HELD).due().unwrap();
        assert_eq!(resumes.operation(), crate::Operation::ResumeSubscription);
        let after = SubscriptionState::Paused { at: month(0).end, resume_at: None };
        let rows = earn(&rows(after), month(0).end);
        let resumes = row(&rows, HELD).due().unwrap();
        assert_eq!(resumes.operation(), crate::Operation::ResumeSubscription);
    }
}
