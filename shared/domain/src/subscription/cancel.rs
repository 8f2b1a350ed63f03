//! `cancel`: ends a subscription, at once or at its end.

use crate::bounded::is_false;
use crate::decide::{Decider, Rules, Ruling};
use crate::{
    Change, ClientId, Entity, Needs, NewIds, Subscription, SubscriptionId, SubscriptionState,
    SubscriptionStatus, Success, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ends a subscription at once, or at its end. Its `end_date` does not move, so that the bought
/// term stays on record. If another waits behind it, that one begins. One that waits itself can be
/// ended too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The subscription to end.
    pub subscription_id: SubscriptionId,
    /// Whether it goes on until its end; absent, it ends at once. One that was to end at its end
    /// already is left as it is.
    // Not written where false, so that releases which do not know it can read the command.
    #[serde(default, skip_serializing_if = "is_false")]
    pub at_period_end: bool,
}

impl Cancel {
    fn at_once(&self, decider: &Decider<'_>) -> Ruling {
        let may_end = |status: SubscriptionStatus| {
            status.is_live() || status == SubscriptionStatus::Scheduled
        };
        let found = decider.subscription_that(self.subscription_id, may_end)?;
        let cancelled = found.cancelled(decider.context.now);
        let changes = if found.state.status().is_live() {
            let next = successor(decider, &cancelled).map(Change::Subscription);
            decider.with_marks(&cancelled).into_iter().chain(next).collect()
        } else {
            vec![Change::Subscription(cancelled.clone())]
        };
        Ok((changes, Success::Changed(Entity::Subscription(cancelled))))
    }

    fn at_end(&self, decider: &Decider<'_>) -> Ruling {
        let is_active = |status| status == SubscriptionStatus::Active;
        let active = decider.subscription_that(self.subscription_id, is_active)?;
        if matches!(active.state, SubscriptionState::Cancelling { .. }) {
            return Ok((Vec::new(), Success::Changed(Entity::Subscription(active))));
        }
        let now = decider.context.now;
        Ok(decider.changed(active.in_state(SubscriptionState::Cancelling { at: now }, now)))
    }
}

/// The one that waits behind a cancelled subscription, as it begins now.
fn successor(decider: &Decider<'_>, cancelled: &Subscription) -> Option<Subscription> {
    let (now, next) = (decider.context.now, decider.waiting(cancelled.user).next()?);
    Some(Subscription { updated_at: now, ..next.begun(now).ok()? })
}

impl Rules for Cancel {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        if self.at_period_end { self.at_end(decider) } else { self.at_once(decider) }
    }
}

#[cfg(test)]
mod tests {
    use super::Cancel;
    use crate::samples::*;
    use crate::{
        Change, Decision, Entity, Refusal, Subscription, SubscriptionId, SubscriptionState,
        SubscriptionStatus,
    };
    use chrono::TimeDelta;

    const CANCEL: Cancel = Cancel { subscription_id: HELD, at_period_end: false };

    fn expected(holding: Holding) -> Decision {
        let ended = |current| refused(ALICE, Refusal::SubscriptionNotActive { current });
        match holding {
            Holding::Nothing | Holding::OtherClients => {
                refused(None, Refusal::SubscriptionNotFound)
            }
            Holding::Ended | Holding::Expired => ended(SubscriptionStatus::Expired),
            Holding::Cancelled => ended(SubscriptionStatus::Cancelled),
            Holding::Running | Holding::OtherUsers => {
                let state = SubscriptionState::Cancelled { at: now() };
                let cancelled = Subscription { state, updated_at: now(), ..held(holding) };
                let changes = vec![Change::Subscription(cancelled.clone())];
                changed(held(holding).user, Entity::Subscription(cancelled), changes)
            }
        }
    }

    #[test]
    fn only_a_running_subscription_of_the_client_can_be_cancelled() {
        for state in Holding::ALL {
            let found = decided(&holding(state, []), CANCEL);
            assert_eq!(found, expected(state), "{state:?}");
        }
    }

    #[test]
    fn a_cancelled_subscription_keeps_the_end_and_the_months_that_were_bought() {
        let found = decided(&holding(Holding::Running, []), CANCEL);
        let cancelled = subscription_of(&found);
        let bought = held(Holding::Running);
        assert_eq!((cancelled.end_date, cancelled.months), (bought.end_date, bought.months));
    }

    #[test]
    fn a_cancellation_at_the_instant_of_the_end_is_too_late() {
        let (rows, end) = (holding(Holding::Running, []), held(Holding::Running).end_date);
        let before = decided_at(&rows, CANCEL, end - TimeDelta::microseconds(1));
        assert!(before.outcome.success().is_some(), "{before:?}");
        let current = SubscriptionStatus::Expired;
        let refusal = Refusal::SubscriptionNotActive { current };
        assert_eq!(decided_at(&rows, CANCEL, end), refused(ALICE, refusal));
    }

    const AT_END: Cancel = Cancel { subscription_id: HELD, at_period_end: true };

    #[test]
    fn at_its_end_it_goes_on_until_then() {
        let state = SubscriptionState::Cancelling { at: now() };
        let flagged = Subscription { state, updated_at: now(), ..held(Holding::Running) };
        let changes = vec![Change::Subscription(flagged.clone())];
        let entity = Entity::Subscription(flagged.clone());
        let found = decided(&holding(Holding::Running, []), AT_END);
        assert_eq!(found, changed(ALICE, entity.clone(), changes));
        // Asked for again, nothing changes; asked for at once, it ends at once.
        let rows = working_set([Change::Subscription(flagged.clone())]);
        assert_eq!(decided(&rows, AT_END), changed(ALICE, entity, Vec::new()));
        let state = SubscriptionState::Cancelled { at: now() };
        assert_eq!(subscription_of(&decided(&rows, CANCEL)).state, state);
    }

    #[test]
    fn one_that_stands_still_or_is_past_due_can_only_be_cancelled_at_once() {
        let paused = SubscriptionState::Paused { at: now(), resume_at: None };
        for (state, current) in [
            (paused, SubscriptionStatus::Paused),
            (SubscriptionState::PastDue, SubscriptionStatus::PastDue),
        ] {
            let rows = working_set([Change::Subscription(Subscription {
                state,
                ..held(Holding::Running)
            })]);
            let refusal = Refusal::SubscriptionNotActive { current };
            assert_eq!(decided(&rows, AT_END), refused(ALICE, refusal));
            let cancelled = SubscriptionState::Cancelled { at: now() };
            assert_eq!(subscription_of(&decided(&rows, CANCEL)).state, cancelled);
        }
    }

    #[test]
    fn the_next_one_begins_when_one_is_cancelled_and_carries_nothing_over() {
        let running = Subscription { auto_renew: true, ..held(Holding::Running) };
        let rows = [running.clone(), waiting(11, "gold", 2), waiting(12, "silver", 1)];
        let found = decided(&working_set(rows.map(Change::Subscription)), CANCEL);
        let begun = waiting(11, "gold", 2).begun(now()).unwrap();
        let begun = Subscription { updated_at: now(), ..begun };
        let cancelled = running.cancelled(now());
        let changes = [cancelled.clone(), begun].map(Change::Subscription).into();
        assert_eq!(found, changed(ALICE, Entity::Subscription(cancelled), changes));
    }

    /// The first has ended, and nobody has marked that the second runs.
    #[test]
    fn one_that_has_begun_unmarked_is_cancelled_as_it_is() {
        let over = held(Holding::Ended);
        let rows = [over.clone(), waiting(11, "gold", 2), waiting(12, "silver", 1)];
        let rows = working_set(rows.map(Change::Subscription));
        let found = decided(&rows, Cancel { subscription_id: SubscriptionId::new(11), ..CANCEL });
        let expired = over.expired(now());
        let second = waiting(11, "gold", 2).begun(over.end_date).unwrap().cancelled(now());
        let third = waiting(12, "silver", 1).begun(now()).unwrap();
        let third = Subscription { updated_at: now(), ..third };
        let changes = [expired, second.clone(), third].map(Change::Subscription).into();
        assert_eq!(found, changed(ALICE, Entity::Subscription(second), changes));
    }

    #[test]
    fn one_that_waits_is_cancelled_at_once_only_and_the_others_stay() {
        let rows = [held(Holding::Running), waiting(11, "gold", 2), waiting(12, "silver", 1)];
        let rows = working_set(rows.map(Change::Subscription));
        let subscription_id = SubscriptionId::new(11);
        let cancelled = waiting(11, "gold", 2).cancelled(now());
        assert!(!cancelled.has_begun());
        let changes = vec![Change::Subscription(cancelled.clone())];
        let found = decided(&rows, Cancel { subscription_id, ..CANCEL });
        assert_eq!(found, changed(ALICE, Entity::Subscription(cancelled), changes));
        let current = SubscriptionStatus::Scheduled;
        let refusal = Refusal::SubscriptionNotActive { current };
        let found = decided(&rows, Cancel { subscription_id, ..AT_END });
        assert_eq!(found, refused(ALICE, refusal));
    }
}
