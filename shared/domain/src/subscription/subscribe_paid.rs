//! What comes of a subscription when its payment is settled.

use crate::decide::{Decider, InternalRuled};
use crate::payment::{bought, refused, ruled, still_unknown};
use crate::{
    Change, ChargeOutcome, GrantSource, Line, NewGrant, NewIds, Payment, PaymentPhase, Purpose,
    Subscription, SubscriptionState, Success, Worth,
};

/// Takes in the outcome of the payment that a subscription waits for which is pending.
pub(crate) fn subscribe_settled(
    decider: &Decider<'_>,
    payment: &Payment,
    outcome: &ChargeOutcome,
    new_ids: &mut NewIds,
) -> Option<InternalRuled> {
    let Purpose::Subscribe { subscription, trial_used } = payment.purpose else { return None };
    let now = decider.context.now;
    let pending = decider.working_set.subscription(payment.client, subscription)?;
    let shown = |row: &Subscription, payment: &Payment| {
        Some(Ok(Success::Created(bought(row.clone(), Some(payment.clone()), trial_used))))
    };
    match outcome {
        ChargeOutcome::Succeeded => {
            let paid = payment.ended(PaymentPhase::Succeeded, now);
            let grant = NewGrant {
                id: new_ids.grant(),
                source: GrantSource::Purchase,
                worth: Some(Worth::of(payment)),
            };
            let Some((rows, begun)) = activated(decider, pending, grant) else {
                return decider.late(payment, outcome, new_ids);
            };
            let mut changes: Vec<Change> = decider.payer(payment).into_iter().collect();
            changes.push(Change::Payment(paid.clone()));
            changes.extend(rows);
            changes.extend(decider.time_is_paid(payment));
            let told = shown(&begun, &paid);
            Some(ruled(paid, changes, None, told))
        }
        ChargeOutcome::Declined { decline } => {
            let (declined, mut changes) = decider.declined(payment, decline);
            changes.push(Change::Subscription(pending.expired(now).without_payment()));
            let told = Err(refused(&declined, decline));
            Some(ruled(declined, changes, None, Some(told)))
        }
        ChargeOutcome::ActionRequired { action_url } => {
            let phase = PaymentPhase::ActionRequired { action_url: action_url.clone() };
            let waits = payment.in_phase(phase);
            let told = shown(pending, &waits);
            let changes = vec![Change::Payment(waits.clone())];
            Some(ruled(waits, changes, None, told))
        }
        ChargeOutcome::Unknown | ChargeOutcome::StillUnknown => {
            let waits = payment.in_phase(PaymentPhase::Unknown);
            Some(still_unknown(payment, shown(pending, &waits)))
        }
    }
}

/// The rows of a subscription that is paid: it begins now, or waits for the one to end that the
/// user got meanwhile. `None` if it would end after the year 9999.
fn activated(
    decider: &Decider<'_>,
    pending: &Subscription,
    grant: NewGrant,
) -> Option<(Vec<Change>, Subscription)> {
    let now = decider.context.now;
    let paid = Subscription { updated_at: now, ..pending.clone().without_payment() };
    let Some(live) = decider.working_set.live(pending.user, now) else {
        return Some(decider.start(paid.begun(now).ok()?, grant));
    };
    let scheduled = Subscription { state: SubscriptionState::Scheduled, ..paid };
    let before = [live].into_iter().chain(decider.waiting(pending.user));
    Line::of(before.chain([scheduled.clone()])).end()?;
    let granted = decider.grant(scheduled.id, grant, scheduled.months, None);
    Some((vec![Change::Subscription(scheduled.clone()), Change::Grant(granted)], scheduled))
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Account, Change, ChargeOutcome, Decision, DeclineCode, Entity, GrantSource, PaymentStatus,
        Purpose, Refusal, SettlePayment, Subscription, SubscriptionState, Success, User,
        WorkingSet,
    };
    use Account::{Cash, Credit, Deferred, Unapplied};
    use SubscriptionState::{Active, Cancelled, Expired, Pending, Scheduled};
    use chrono::TimeDelta;

    fn purpose() -> Purpose {
        Purpose::Subscribe { subscription: HELD, trial_used: false }
    }

    /// Two months of gold for 10 dollars, of which 3 are credit, which is reserved already.
    fn pending() -> Subscription {
        let (end_date, created_at) = (now(), now());
        let running = held(Holding::Running);
        Subscription {
            state: Pending,
            plan: "gold".to_owned(),
            start_date: now(),
            anchor: now(),
            anchor_months: 0,
            end_date,
            open_payment: open(),
            created_at,
            updated_at: now(),
            ..running
        }
    }

    fn rows(more: impl IntoIterator<Item = Change>) -> WorkingSet {
        let payment = sent_payment(purpose(), 700, 300);
        let user = User { currency: Some(usd()), ..payer(2) };
        let rows = [
            Change::User(user),
            Change::Method(card()),
            Change::Subscription(pending()),
            Change::Payment(payment),
        ];
        working_set(rows.into_iter().chain(more))
    }

    fn settled(set: &WorkingSet, outcome: ChargeOutcome) -> Option<Decision> {
        let later = now() + TimeDelta::seconds(3);
        settled_at(set, SettlePayment { payment_id: PAID, outcome }, later)
    }

    fn declined() -> ChargeOutcome {
        let decline = DeclineCode { code: "generic_decline".to_owned(), is_hard: false };
        ChargeOutcome::Declined { decline }
    }

    fn told(decision: &Decision) -> Result<&Success, &Refusal> {
        let settles = decision.settles.as_ref().unwrap();
        assert_eq!(settles.job, JOB);
        settles.result.as_ref()
    }

    fn shown(decision: &Decision) -> (SubscriptionState, PaymentStatus) {
        match told(decision) {
            Ok(Success::Created(Entity::Purchase { subscription, payment, .. })) => {
                (subscription.state, payment.as_ref().unwrap().phase.status())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_begins_when_its_payment_is_settled() {
        let set = rows([]);
        let decision = settled(&set, ChargeOutcome::Succeeded).unwrap();
        let after = after(&set, &decision);
        let later = now() + TimeDelta::seconds(3);
        let begun = row(&after, HELD);
        assert_eq!((begun.state, begun.start_date, begun.open_payment), (Active, later, None));
        assert_eq!(begun.end_date, at("2026-08-15T12:00:03.123456Z"));
        assert_eq!(begun.recognise_at, Some(begun.end_date));
        let grant = after.grants().next().unwrap();
        assert_eq!((&grant.source, grant.value), (&GrantSource::Purchase, 1_000));
        assert_eq!((grant.payment, grant.currency), (Some(PAID), Some(usd())));
        let expected = [(Cash, Deferred, 700), (Credit(ALICE), Deferred, 300)];
        assert_eq!(transfers(&decision.changes), expected);
        assert_eq!(shown(&decision), (Active, PaymentStatus::Succeeded));
        assert_eq!(alice(&after).credit, 2, "what was reserved is spent");
        assert_eq!(settled(&after, ChargeOutcome::Succeeded), None, "it is settled once");
    }

    #[test]
    fn the_first_success_fixes_the_currency() {
        let set = rows([Change::User(payer(0))]);
        let decision = settled(&set, ChargeOutcome::Succeeded).unwrap();
        assert_eq!(alice(&after(&set, &decision)).currency, Some(usd()));
    }

    #[test]
    fn behind_one_that_runs_by_then_it_waits() {
        let running = subscription(11, 1, "2026-06-15T12:00:01Z", "2026-07-15T12:00:01Z");
        let set = rows([Change::Subscription(running)]);
        let decision = settled(&set, ChargeOutcome::Succeeded).unwrap();
        let after = after(&set, &decision);
        assert_eq!(row(&after, HELD).state, Scheduled);
        assert!(!row(&after, HELD).has_begun());
        let grant = after.grants().next().unwrap();
        assert_eq!((grant.value, grant.slice), (1_000, None));
        assert_eq!(shown(&decision), (Scheduled, PaymentStatus::Succeeded));
    }

    #[test]
    fn what_is_declined_has_expired_and_credit_is_given_back() {
        let set = rows([]);
        let decision = settled(&set, declined()).unwrap();
        let after = after(&set, &decision);
        assert_eq!((row(&after, HELD).state, row(&after, HELD).open_payment), (Expired, None));
        assert_eq!(alice(&after).credit, 302);
        assert_eq!(transfers(&decision.changes), []);
        let Err(Refusal::PaymentDeclined { payment, decline_code }) = told(&decision) else {
            panic!("{decision:?}")
        };
        assert_eq!((payment.id, decline_code.as_str()), (PAID, "generic_decline"));
    }

    #[test]
    fn who_has_to_do_something_is_told_so_and_it_begins_when_that_is_done() {
        let set = rows([]);
        let action = ChargeOutcome::ActionRequired { action_url: "https://pay.test".to_owned() };
        let decision = settled(&set, action.clone()).unwrap();
        assert_eq!(shown(&decision), (Pending, PaymentStatus::ActionRequired));
        let waits = after(&set, &decision);
        assert_eq!(alice(&waits).credit, 2, "it is still reserved");
        for nothing in [action, ChargeOutcome::Unknown, ChargeOutcome::StillUnknown] {
            assert_eq!(settled(&waits, nothing), None);
        }
        let decision = settled(&waits, ChargeOutcome::Succeeded).unwrap();
        assert_eq!(row(&after(&waits, &decision), HELD).state, Active);
    }

    #[test]
    fn who_waits_is_told_how_things_stand_when_the_provider_does_not_say() {
        let set = rows([]);
        let unknown = settled(&set, ChargeOutcome::Unknown).unwrap();
        assert_eq!(unknown.settles, None);
        let set = after(&set, &unknown);
        assert_eq!(settled(&set, ChargeOutcome::Unknown), None);
        let decision = settled(&set, ChargeOutcome::StillUnknown).unwrap();
        assert_eq!(shown(&decision), (Pending, PaymentStatus::Processing));
        assert_eq!(row(&after(&set, &decision), HELD), &pending());
    }

    /// It was cancelled, or superseded, or is past its time, whether or not that is marked.
    #[test]
    fn money_that_comes_late_is_paid_back_by_itself() {
        let cancelled = pending().cancelled(now()).without_payment();
        let over = crate::OpenPayment { id: PAID, until: now() };
        let unmarked = Subscription { open_payment: Some(over), ..pending() };
        for (found, state) in [(cancelled, Cancelled { at: now() }), (unmarked, Expired)] {
            let set = rows([Change::Subscription(found.clone())]);
            let decision = settled(&set, ChargeOutcome::Succeeded).unwrap();
            let later = after(&set, &decision);
            assert_eq!(transfers(&decision.changes), [(Cash, Unapplied, 700)]);
            assert_eq!(alice(&later).credit, 302);
            let left = row(&later, HELD);
            assert_eq!((left.state, left.open_payment), (state, None), "nothing is bought");
            assert_eq!(payment_in(&later, PAID).refunding, 700);
            assert_eq!(kinds(&decision.effects), ["pay_back"]);
            assert_eq!(shown(&decision), (state, PaymentStatus::Succeeded));
        }
    }

    #[test]
    fn money_in_another_currency_than_that_of_the_first_success_is_paid_back() {
        let payment = crate::Payment { currency: eur(), ..sent_payment(purpose(), 700, 0) };
        let set = rows([Change::Payment(payment)]);
        let decision = settled(&set, ChargeOutcome::Succeeded).unwrap();
        assert_eq!(transfers(&decision.changes), [(Cash, Unapplied, 700)]);
        let after = after(&set, &decision);
        assert_eq!((row(&after, HELD).state, alice(&after).currency), (Expired, Some(usd())));
        assert_eq!(shown(&decision), (Expired, PaymentStatus::Succeeded));
    }

    #[test]
    fn what_was_given_up_and_paid_all_the_same_is_paid_back_without_credit() {
        let cancelled = sent_payment(purpose(), 700, 300);
        let cancelled = cancelled.ended(crate::PaymentPhase::Cancelled, now());
        let set = rows([Change::Payment(cancelled)]);
        assert_eq!(settled(&set, declined()), None);
        let decision = settled(&set, ChargeOutcome::Succeeded).unwrap();
        assert_eq!(transfers(&decision.changes), [(Cash, Unapplied, 700)]);
        assert_eq!(alice(&after(&set, &decision)).credit, 2);
    }

    #[test]
    fn nobody_is_asked_for_anything_any_more_that_is_not_waited_for() {
        let gone = pending().cancelled(now()).without_payment();
        let set = rows([Change::Subscription(gone)]);
        let action = ChargeOutcome::ActionRequired { action_url: "https://pay.test".to_owned() };
        let decision = settled(&set, action).unwrap();
        let after = after(&set, &decision);
        assert_eq!(payment_in(&after, PAID).phase.status(), PaymentStatus::Cancelled);
        assert_eq!(alice(&after).credit, 302);
        assert_eq!(kinds(&decision.effects), ["stop_charge"]);
    }
}
