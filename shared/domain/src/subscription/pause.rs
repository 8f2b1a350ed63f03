//! `pause`: a subscription stands still.

use crate::bounded::maybe_instant;
use crate::decide::{Decider, Rules, Ruling};
use crate::{
    ClientId, Instant, Needs, NewIds, PAUSE_MAX, Refusal, SubscriptionId, SubscriptionState,
    SubscriptionStatus, UserId, calendar, schema,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Lets a subscription stand still: it does not entitle its user, and the rest of its term is kept
/// exactly. It goes on at `resume_at`, or after a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// The subscription that stands still.
    pub subscription_id: SubscriptionId,
    /// The instant at which it goes on by itself, within a year; after a year when absent.
    #[serde(default, deserialize_with = "maybe_instant")]
    #[schema(schema_with = schema::instant)]
    pub resume_at: Option<Instant>,
}

impl Rules for Pause {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.terms_of.insert((client, self.subscription_id));
        needs.grants_of.insert((client, self.subscription_id));
        needs.money = true;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let now = decider.context.now;
        let found = decider.subscription(self.subscription_id)?;
        let active = found.if_status(|status| status == SubscriptionStatus::Active)?;
        if matches!(active.state, SubscriptionState::Cancelling { .. }) {
            return Err(Refusal::SubscriptionCancelling);
        }
        decider.no_payment_in_progress(&active)?;
        if active.end_date <= now {
            // Its renewal is about to be tried: there is no rest of a term to be kept.
            return Err(Refusal::SubscriptionNotActive { current: SubscriptionStatus::PastDue });
        }
        if self.resume_at.is_some_and(|at| at <= now || now + PAUSE_MAX < at) {
            return Err(Refusal::DateOutOfRange { member: "resume_at" });
        }
        let longest = self.resume_at.map_or(PAUSE_MAX, |at| at - now);
        if !calendar::is_writable(active.end_date + longest) {
            return Err(Refusal::TermTooLong);
        }
        let state = SubscriptionState::Paused { at: now, resume_at: self.resume_at };
        let paused = active.in_state(state, now);
        decider.fits(&paused)?;
        Ok(decider.changed(paused))
    }
}

#[cfg(test)]
mod tests {
    use super::Pause;
    use crate::samples::*;
    use crate::{
        Change, Instant, Purpose, Refusal, Subscription, SubscriptionState, SubscriptionStatus,
    };
    use chrono::TimeDelta;

    const fn pause(resume_at: Option<Instant>) -> Pause {
        Pause { subscription_id: HELD, resume_at }
    }

    fn found(state: SubscriptionState) -> crate::WorkingSet {
        working_set([Change::Subscription(Subscription { state, ..held(Holding::Running) })])
    }

    #[test]
    fn a_running_subscription_stands_still_and_keeps_its_end() {
        let rows = holding(Holding::Running, []);
        for resume_at in [None, Some(now() + TimeDelta::days(365))] {
            let state = SubscriptionState::Paused { at: now(), resume_at };
            let expected = Subscription { state, updated_at: now(), ..held(Holding::Running) };
            assert_eq!(subscription_of(&decided(&rows, pause(resume_at))), &expected);
        }
    }

    #[test]
    fn it_goes_on_within_a_year_and_not_in_the_past() {
        let rows = holding(Holding::Running, []);
        let tick = TimeDelta::microseconds(1);
        for resume_at in [now(), now() - tick, now() + TimeDelta::days(365) + tick] {
            let refusal = Refusal::DateOutOfRange { member: "resume_at" };
            assert_eq!(decided(&rows, pause(Some(resume_at))), refused(ALICE, refusal));
        }
    }

    #[test]
    fn one_that_ends_or_stands_still_already_is_not_paused() {
        let cancelling = found(SubscriptionState::Cancelling { at: now() });
        let refusal = Refusal::SubscriptionCancelling;
        assert_eq!(decided(&cancelling, pause(None)), refused(ALICE, refusal));
        let paused = SubscriptionState::Paused { at: now(), resume_at: None };
        for (state, current) in [
            (paused, SubscriptionStatus::Paused),
            (SubscriptionState::PastDue, SubscriptionStatus::PastDue),
            (SubscriptionState::Expired, SubscriptionStatus::Expired),
        ] {
            let refusal = Refusal::SubscriptionNotActive { current };
            assert_eq!(decided(&found(state), pause(None)), refused(ALICE, refusal));
        }
    }

    #[test]
    fn what_waits_behind_it_must_end_by_the_year_9999_too() {
        let late = Subscription { end_date: at("9998-06-30T00:00:00Z"), ..held(Holding::Running) };
        let rows = |months| {
            let rows = [late.clone(), waiting(11, "gold", months)];
            working_set(rows.map(Change::Subscription))
        };
        assert_eq!(decided(&rows(7), pause(None)), refused(ALICE, Refusal::TermTooLong));
        assert!(decided(&rows(6), pause(None)).outcome.success().is_some());
    }

    #[test]
    fn only_the_time_that_was_asked_for_must_be_there() {
        let late = Subscription { end_date: at("9999-12-01T00:00:00Z"), ..held(Holding::Running) };
        let rows = working_set([Change::Subscription(late)]);
        let days = |days| Some(now() + TimeDelta::days(days));
        assert!(decided(&rows, pause(days(19))).outcome.success().is_some());
        for resume_at in [days(31), None] {
            assert_eq!(decided(&rows, pause(resume_at)), refused(ALICE, Refusal::TermTooLong));
        }
    }

    #[test]
    fn it_is_not_paused_while_a_payment_is_in_progress() {
        let renew = Purpose::Renew { subscription: HELD, months: 1, clears_flag: false };
        let payment = sent_payment(renew, 100, 0);
        let found = Subscription { open_payment: open(), ..held(Holding::Running) };
        let rows =
            |payment| working_set([Change::Subscription(found.clone()), Change::Payment(payment)]);
        for resume_at in [None, Some(now())] {
            let refusal = Refusal::PaymentInProgress { payment: PAID };
            assert_eq!(decided(&rows(payment.clone()), pause(resume_at)), refused(ALICE, refusal));
        }
        // At its end it is active until its renewal has failed.
        let ended = Subscription { end_date: now(), auto_renew: true, ..found.clone() };
        let renewing = [Change::Subscription(ended), Change::Payment(payment.clone())];
        let refusal = Refusal::PaymentInProgress { payment: PAID };
        assert_eq!(decided(&working_set(renewing), pause(None)), refused(ALICE, refusal));
        // One that needs the user goes on.
        let paused = decided(&rows(waiting_for_user(&payment)), pause(None));
        assert_eq!(subscription_of(&paused).open_payment, open());
    }

    #[test]
    fn refusals_come_in_the_order_of_the_contract() {
        let current = SubscriptionStatus::PastDue;
        for (state, refusal) in [
            (SubscriptionState::PastDue, Refusal::SubscriptionNotActive { current }),
            (SubscriptionState::Cancelling { at: now() }, Refusal::SubscriptionCancelling),
        ] {
            let past = pause(Some(now()));
            assert_eq!(decided(&found(state), past), refused(ALICE, refusal));
        }
        let rows = working_set([]);
        assert_eq!(
            decided(&rows, pause(Some(now()))),
            refused(None, Refusal::SubscriptionNotFound)
        );
    }
}
