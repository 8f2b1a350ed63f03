//! `expire_subscription`: marks a subscription that is past its end, or the end of its grace.

use crate::decide::{Decider, InternalRules, InternalRuling};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Instant, Needs, OpenPayment, Subscription,
    SubscriptionId, calendar,
};
use serde::{Deserialize, Serialize};

/// Marks a subscription that is past its end, or the end of its grace: as expired, or as cancelled
/// where that was asked for. It does so at one instant only: a subscription that was prolonged
/// meanwhile ends by another command. If another waits behind it, that one begins at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireSubscription {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The instant at which it ends.
    pub end_date: Instant,
}

impl InternalRules for ExpireSubscription {
    fn key(&self) -> IdempotencyKey {
        let end = calendar::written(self.end_date);
        IdempotencyKey::internal(format!("expire:subscription:{}:{end}", self.subscription_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn decide(&self, decider: &Decider<'_>) -> InternalRuling {
        let subscription = decider.due(self.subscription_id, self.clone())?;
        let (mut changes, ended) = decider.hand_over(subscription).unwrap_or_else(|| {
            let ended = subscription.marked(decider.context.now);
            (vec![Change::Subscription(ended.clone())], ended)
        });
        let Some(open) = ended.open_payment else {
            return Some((changes, Entity::Subscription(ended)));
        };
        // Its payment is not waited for either: see `LapsePayment`, which is due at once.
        let until = open.until.min(decider.context.now);
        let open_payment = Some(OpenPayment { until, ..open });
        let ended = Subscription { open_payment, ..ended };
        changes.push(Change::Subscription(ended.clone()));
        Some((changes, Entity::Subscription(ended)))
    }
}

#[cfg(test)]
mod tests {
    use super::ExpireSubscription;
    use crate::samples::*;
    use crate::{
        Change, Decision, Entity, IdempotencyKey, InternalCommand, PaymentPhase, Purpose,
        Subscription, SubscriptionState, decide_internal,
    };
    use chrono::TimeDelta;

    fn expire(state: Holding) -> ExpireSubscription {
        ExpireSubscription { subscription_id: HELD, end_date: held(state).end_date }
    }

    fn marked(held: Subscription, updated_at: crate::Instant) -> Decision {
        let expired = Subscription { state: SubscriptionState::Expired, updated_at, ..held };
        let changes = vec![Change::Subscription(expired.clone())];
        changed(expired.user, Entity::Subscription(expired), changes)
    }

    #[test]
    fn only_a_subscription_of_the_client_that_is_past_its_end_and_not_marked_expires() {
        for state in Holding::ALL {
            let expected = (state == Holding::Ended).then(|| marked(held(state), now()));
            assert_eq!(due_at(&holding(state, []), expire(state), now()), expected, "{state:?}");
        }
    }

    #[test]
    fn a_running_subscription_expires_from_the_instant_of_its_end_on() {
        for state in [Holding::Running, Holding::OtherUsers] {
            let (rows, end) = (holding(state, []), held(state).end_date);
            let tick = TimeDelta::microseconds(1);
            assert_eq!(due_at(&rows, expire(state), end - tick), None);
            for now in [end, end + tick, end + TimeDelta::days(4000)] {
                assert_eq!(due_at(&rows, expire(state), now), Some(marked(held(state), now)));
            }
        }
    }

    /// Its time may have come when it was found, and no longer when it is locked.
    #[test]
    fn one_that_was_prolonged_meanwhile_does_not_expire_at_its_former_end() {
        let old = held(Holding::Running);
        let renewed = old.extended(1, now()).unwrap();
        let rows = working_set([Change::Subscription(renewed.clone())]);
        for now in [old.end_date, renewed.end_date] {
            assert_eq!(due_at(&rows, expire(Holding::Running), now), None);
        }
        let due = renewed.due().unwrap();
        assert_eq!(due_at(&rows, due, renewed.end_date).map(|d| d.changes.len()), Some(1));
    }

    #[test]
    fn one_that_was_marked_is_not_marked_again() {
        let (mut rows, command) = (holding(Holding::Ended, []), expire(Holding::Ended));
        for change in due_at(&rows, command.clone(), now()).unwrap().changes {
            rows.apply(change);
        }
        assert_eq!(due_at(&rows, command, now()), None);
    }

    #[test]
    fn it_is_done_for_the_client_of_the_subscription_only() {
        let rows = holding(Holding::OtherClients, []);
        let (end, command) = (held(Holding::OtherClients).end_date, expire(Holding::OtherClients));
        let context = crate::Context { client: RIVAL, ..context(end) };
        assert_eq!(due_at(&rows, command.clone(), end), None);
        let found = decide_internal(&rows, &context, &command.into(), &mut new_ids()).unwrap();
        assert_eq!(found, marked(held(Holding::OtherClients), end));
        assert_eq!(found.user, Some(EVE));
    }

    #[test]
    fn each_end_has_a_key_of_its_own() {
        let old = held(Holding::Running);
        let keys = [&old, &old.extended(1, now()).unwrap()].map(|s| s.due().unwrap().key());
        let texts = keys.each_ref().map(IdempotencyKey::as_str);
        assert_eq!(
            texts,
            [
                "expire:subscription:10:2026-07-31T08:00:00.000000Z",
                "expire:subscription:10:2026-08-31T08:00:00.000000Z",
            ]
        );
    }

    #[test]
    fn what_is_due_of_a_subscription_is_its_expiry_while_it_is_stored_as_active() {
        for state in Holding::ALL {
            let due = !matches!(state, Holding::Cancelled | Holding::Expired);
            assert_eq!(held(state).due_at(), due.then(|| held(state).end_date), "{state:?}");
            let command = due.then(|| InternalCommand::from(expire(state)));
            assert_eq!(held(state).due(), command, "{state:?}");
        }
    }

    #[test]
    fn at_the_end_at_which_it_was_to_be_cancelled_it_is_cancelled_and_not_renewed() {
        let asked = at("2026-06-10T00:00:00Z");
        let state = SubscriptionState::Cancelling { at: asked };
        let flagged = Subscription { state, auto_renew: true, ..held(Holding::Running) };
        let (due, end) = (flagged.due().unwrap(), flagged.end_date);
        let rows = working_set([Change::Subscription(flagged)]);
        let ended = due_at(&rows, due, end).unwrap();
        let expected = SubscriptionState::CancelledAtEnd { at: asked };
        assert_eq!(subscription_of(&ended).state, expected);
    }

    #[test]
    fn what_is_past_due_expires_at_the_end_of_its_grace() {
        let state = SubscriptionState::PastDue;
        let failed =
            Subscription { state, auto_renew: true, grace_days: 7, ..held(Holding::Running) };
        let (due, end) = (failed.due().unwrap(), failed.end_date);
        let rows = working_set([Change::Subscription(failed)]);
        let tick = TimeDelta::microseconds(1);
        assert_eq!(due_at(&rows, due.clone(), end + TimeDelta::days(7) - tick), None);
        let expired = due_at(&rows, due, end + TimeDelta::days(7)).unwrap();
        let expired = subscription_of(&expired);
        assert_eq!((expired.state, expired.end_date), (SubscriptionState::Expired, end));
    }

    #[test]
    fn the_next_one_begins_at_its_end_however_late_that_is_seen() {
        for asked in [None, Some(now())] {
            let state =
                asked.map_or(SubscriptionState::Active, |at| SubscriptionState::Cancelling { at });
            let running = Subscription { state, ..held(Holding::Running) };
            let (due, end) = (running.due().unwrap(), running.end_date);
            let rows = [running, waiting(11, "gold", 2), waiting(12, "silver", 1)];
            let rows = working_set(rows.map(Change::Subscription));
            // The second has ended by then, too: that is another command.
            for now in [end, end + TimeDelta::days(70)] {
                let found = due_at(&rows, due.clone(), now).unwrap();
                let begun = waiting(11, "gold", 2).begun(end).unwrap();
                let begun = Subscription { updated_at: now, ..begun };
                let changes = [subscription_of(&found).clone(), begun].map(Change::Subscription);
                assert_eq!(found.changes, changes);
                let ended = asked.map_or(SubscriptionState::Expired, |at| {
                    SubscriptionState::CancelledAtEnd { at }
                });
                assert_eq!(subscription_of(&found).state, ended);
            }
        }
    }

    #[test]
    fn what_is_not_paid_in_time_expires_and_its_payment_is_given_up_then() {
        let purpose = Purpose::Subscribe { subscription: HELD, trial_used: false };
        let state = SubscriptionState::Pending;
        let end_date = held(Holding::Running).start_date;
        let pending =
            Subscription { state, end_date, open_payment: open(), ..held(Holding::Running) };
        let (until, due) = (pending.due_at().unwrap(), pending.due().unwrap());
        assert_eq!(until, now() + TimeDelta::hours(23));
        let payment = waiting_for_user(&sent_payment(purpose, 500, 20));
        let set = working_set([Change::Subscription(pending), Change::Payment(payment)]);
        assert_eq!(due_at(&set, due.clone(), until - TimeDelta::microseconds(1)), None);
        let set = after(&set, &due_at(&set, due, until).unwrap());
        let expired = row(&set, HELD).clone();
        assert_eq!((expired.state, expired.due_at()), (SubscriptionState::Expired, Some(until)));
        let lapsed = due_at(&set, expired.due().unwrap(), until).unwrap();
        let set = after(&set, &lapsed);
        assert_eq!(payment_in(&set, PAID).phase, PaymentPhase::Cancelled);
        assert_eq!((alice(&set).credit, kinds(&lapsed.effects)), (20, vec!["stop_charge"]));
        assert_eq!((row(&set, HELD).open_payment, row(&set, HELD).due_at()), (None, None));
    }

    #[test]
    fn one_that_ends_waits_for_no_payment() {
        let running = Subscription { open_payment: open(), ..held(Holding::Running) };
        let end = now() + TimeDelta::hours(1);
        let running = Subscription { end_date: end, ..running };
        let set = working_set([Change::Subscription(running.clone())]);
        let set = after(&set, &due_at(&set, running.due().unwrap(), end).unwrap());
        let expired = row(&set, HELD);
        assert_eq!((expired.state, expired.due_at()), (SubscriptionState::Expired, Some(end)));
    }
}
