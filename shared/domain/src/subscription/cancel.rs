//! `cancel`: ends a subscription, at once or at its end.

use crate::bounded::is_false;
use crate::decide::{Decider, OpenRules, Ruled};
use crate::{
    CancelledNow, ClientId, Entity, Needs, NewIds, Refusal, SubscriptionId, SubscriptionState,
    SubscriptionStatus, Success, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ends a subscription at once, or at its end. Its `end_date` does not move, so that the bought
/// term stays on record. If another waits behind it, that one begins. One that waits itself, or is
/// not paid, can be ended too.
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
    fn at_once(&self, decider: &Decider<'_>) -> Result<Ruled, Refusal> {
        let may_end = |status: SubscriptionStatus| {
            let waits = [SubscriptionStatus::Scheduled, SubscriptionStatus::Pending];
            status.is_live() || waits.contains(&status)
        };
        let found = decider.subscription_that(self.subscription_id, may_end)?;
        let CancelledNow { changes, effects, subscription } = decider.cancel_now(&found);
        let success = Some(Success::Changed(Entity::Subscription(subscription)));
        Ok(Ruled { changes, effects, success })
    }

    fn at_end(&self, decider: &Decider<'_>) -> Result<Ruled, Refusal> {
        let may_be_flagged =
            |status| matches!(status, SubscriptionStatus::Active | SubscriptionStatus::Trialing);
        let found = decider.subscription_that(self.subscription_id, may_be_flagged)?;
        let now = decider.context.now;
        let flagged = match found.state {
            SubscriptionState::Active => Some(SubscriptionState::Cancelling { at: now }),
            SubscriptionState::Trialing { cancelling: None } => {
                Some(SubscriptionState::Trialing { cancelling: Some(now) })
            }
            _ => None,
        };
        let (changes, success) = match flagged {
            Some(state) => decider.changed(found.in_state(state, now)),
            None => (Vec::new(), Success::Changed(Entity::Subscription(found))),
        };
        Ok(Ruled { changes, effects: Vec::new(), success: Some(success) })
    }
}

impl OpenRules for Cancel {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        if !self.at_period_end {
            needs.grants_of.insert((client, self.subscription_id));
            needs.money = true;
        }
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Result<Ruled, Refusal> {
        if self.at_period_end { self.at_end(decider) } else { self.at_once(decider) }
    }
}

#[cfg(test)]
mod tests {
    use super::Cancel;
    use crate::samples::*;
    use crate::{
        Account, Change, Decision, Entity, Grant, GrantId, GrantSource, PaymentStatus, Purpose,
        Refusal, Slice, Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus,
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

    /// Two grants of 10 and 5 dollars, of which the first is earned already, and one for nothing.
    fn paid(subscription: SubscriptionId) -> Vec<Change> {
        let slice = |start, end| Slice { start: at(start), end: at(end) };
        let [june, july] = [
            slice("2026-05-31T08:00:00Z", "2026-06-30T08:00:00Z"),
            slice("2026-06-30T08:00:00Z", "2026-07-31T08:00:00Z"),
        ];
        let paid = |id, value, slice| Grant {
            id: GrantId::new(id),
            value,
            currency: Some(usd()),
            payment: Some(PAID),
            ..grant(subscription, GrantSource::Purchase, 1, slice)
        };
        let earned = Grant { closed_at: Some(now()), ..paid(1, 1_000, june) };
        [earned, paid(2, 700, june), paid(3, 500, july), paid(4, 0, july)].map(Change::Grant).into()
    }

    #[test]
    fn what_was_paid_for_the_rest_is_earned() {
        let next = Some(at("2026-06-30T08:00:00Z"));
        let running = Subscription { recognise_at: next, ..held(Holding::Running) };
        let set = working_set([Change::Subscription(running)].into_iter().chain(paid(HELD)));
        let found = decided(&set, CANCEL);
        let earned = |amount| (Account::Deferred, Account::Revenue, amount);
        assert_eq!(transfers(&found.changes), [earned(700), earned(500)]);
        assert_eq!(subscription_of(&found).recognise_at, None);
        let open = after(&set, &found);
        assert!(open.grants().all(|grant| !grant.is_unearned()));
        assert_eq!(transfers(&decided(&set, AT_END).changes), []);
    }

    #[test]
    fn one_that_waits_for_a_payment_waits_no_longer() {
        let purpose = || Purpose::Renew { subscription: HELD, months: 1, clears_flag: false };
        let running = Subscription { open_payment: open(), ..held(Holding::Running) };
        let [created, now_too] = [now(), now()];
        let pending = Subscription {
            state: SubscriptionState::Pending,
            end_date: running.start_date,
            created_at: created,
            updated_at: now_too,
            ..running.clone()
        };
        let payment = sent_payment(purpose(), 500, 200);
        for found in [running, pending] {
            for (payment, gives_up) in
                [(payment.clone(), false), (waiting_for_user(&payment), true)]
            {
                let rows = [Change::Subscription(found.clone()), Change::Payment(payment)];
                let set = working_set(rows);
                let decision = decided(&set, CANCEL);
                let after = after(&set, &decision);
                let state = SubscriptionState::Cancelled { at: now() };
                assert_eq!(
                    (row(&after, HELD).state, row(&after, HELD).open_payment),
                    (state, None)
                );
                let status = payment_in(&after, PAID).phase.status();
                if gives_up {
                    assert_eq!(status, PaymentStatus::Cancelled);
                    assert_eq!(
                        (kinds(&decision.effects), alice(&after).credit),
                        (vec!["stop_charge"], 200)
                    );
                } else {
                    assert_eq!(status, PaymentStatus::Processing);
                    assert_eq!((decision.effects.len(), alice(&after).credit), (0, 0));
                }
            }
        }
    }

    #[test]
    fn what_is_pending_has_no_end_at_which_it_could_be_cancelled() {
        let state = SubscriptionState::Pending;
        let set = working_set([Change::Subscription(Subscription {
            state,
            open_payment: open(),
            ..held(Holding::Running)
        })]);
        let refusal = Refusal::SubscriptionNotActive { current: SubscriptionStatus::Pending };
        assert_eq!(decided(&set, AT_END), refused(ALICE, refusal));
    }

    #[test]
    fn a_trial_is_cancelled_at_once_or_at_its_end() {
        let trialing = |cancelling| Subscription {
            state: SubscriptionState::Trialing { cancelling },
            trial_end: Some(held(Holding::Running).end_date),
            ..held(Holding::Running)
        };
        let set = working_set([Change::Subscription(trialing(None))]);
        let flagged = decided(&set, AT_END);
        let expected = Subscription { updated_at: now(), ..trialing(Some(now())) };
        assert_eq!(subscription_of(&flagged), &expected);
        let set = after(&set, &flagged);
        assert_eq!(decided(&set, AT_END).changes, []);
        let uncancel = crate::Uncancel { subscription_id: HELD };
        assert_eq!(subscription_of(&decided(&set, uncancel)).state, trialing(None).state);
        let cancelled = SubscriptionState::Cancelled { at: now() };
        assert_eq!(subscription_of(&decided(&set, CANCEL)).state, cancelled);
    }

    #[test]
    fn what_was_paid_for_one_that_waits_is_earned_too_and_the_next_one_gets_its_time() {
        let gold = waiting(11, "gold", 2);
        let given = |id, subscription, months| {
            let slice = Slice { start: now(), end: now() };
            let source = GrantSource::Purchase;
            let grant = grant(subscription, source, months, slice);
            let (value, currency) = (900, Some(usd()));
            Change::Grant(Grant { id: GrantId::new(id), slice: None, value, currency, ..grant })
        };
        let rows = [
            Change::Subscription(held(Holding::Running)),
            Change::Subscription(gold.clone()),
            given(5, gold.id, 2),
        ];
        let set = working_set(rows);
        let found = decided(&set, Cancel { subscription_id: gold.id, ..CANCEL });
        assert_eq!(transfers(&found.changes), [(Account::Deferred, Account::Revenue, 900)]);

        let begun = after(&set, &decided(&set, CANCEL));
        let end = at("2026-08-15T12:00:00.123456Z");
        assert_eq!(row(&begun, gold.id).recognise_at, Some(end));
        let slice = begun.grant(GrantId::new(5)).unwrap().slice;
        assert_eq!(slice, Some(Slice { start: now(), end }));
    }
}
