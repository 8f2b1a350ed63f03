//! What comes of a change when its payment has ended, and of its payment later.

use super::{
    ChangeTime, asked, bought, change, changed, gold, grants, half, july, june, june_of_gold,
    one_month, paid, rows, settle, slice,
};
use crate::samples::*;
use crate::{
    Account, Change, ChargeOutcome, DeclineCode, Entity, Grant, LapsePayment, Outcome, Payment,
    PaymentId, PaymentPhase, PaymentStatus, RefundPayment, Refusal, Subscription,
    SubscriptionState, SubscriptionStatus, Success, WorkingSet,
};
use Account::{Cash, Deferred, Revenue};
use ChangeTime::Now;
use chrono::TimeDelta;

#[test]
fn a_change_that_is_declined_changes_nothing() {
    let before = june_of_gold(400);
    let rows = after(&before, &changed(&before, "platinum", Now));
    let decline = DeclineCode { code: "generic_decline".to_owned(), is_hard: false };
    let found = settle(&rows, ChargeOutcome::Declined { decline }, half());
    let result = &found.settles.as_ref().unwrap().result;
    assert!(matches!(result, Err(Refusal::PaymentDeclined { .. })), "{result:?}");
    let rows = after(&rows, &found);
    assert_eq!(alice(&rows).credit, 400);
    let updated_at = half();
    assert_eq!(row(&rows, HELD), &Subscription { updated_at, ..gold(&one_month()) });
    assert_eq!(grants(&rows), [(1, june(), 3_000, false)]);
}

#[test]
fn one_that_needs_the_user_is_made_as_it_was_priced_or_gives_way_to_another() {
    let before = june_of_gold(0);
    let rows = after(&before, &changed(&before, "platinum", Now));
    let action_url = "https://pay.test/1".to_owned();
    let found = settle(&rows, ChargeOutcome::ActionRequired { action_url }, half());
    let result = &found.settles.as_ref().unwrap().result;
    assert!(matches!(result, Err(Refusal::PaymentActionRequired { .. })), "{result:?}");
    let rows = after(&rows, &found);
    let late = half() + TimeDelta::hours(23) - TimeDelta::microseconds(1);
    let made = after(&rows, &settle(&rows, ChargeOutcome::Succeeded, late));
    let rest = slice(half(), june().end);
    assert!(grants(&made).contains(&(1, rest, 3_000, false)));
    // Another try takes its place, at once or later.
    for when in [Now, ChangeTime::PeriodEnd] {
        let again = changed(&rows, "bronze", when);
        assert_eq!(kinds(&again.effects), ["stop_charge"]);
        let rows = after(&rows, &again);
        assert_eq!(payment_in(&rows, PaymentId::new(NEW)).phase, PaymentPhase::Cancelled);
        assert_eq!(row(&rows, HELD).open_payment, None);
    }
}

/// Credit was spent for one that needs the user, and a change at the end is waiting, too.
#[test]
fn one_that_gives_way_to_a_change_without_money_gives_its_credit_back() {
    let bronze = changed(&june_of_gold(500), "bronze", ChangeTime::PeriodEnd);
    let before = after(&june_of_gold(500), &bronze);
    let waiting = after(&before, &changed(&before, "platinum", Now));
    let action_url = "https://pay.test/1".to_owned();
    let needs_user = settle(&waiting, ChargeOutcome::ActionRequired { action_url }, half());
    let waiting = after(&waiting, &needs_user);
    let credit = |rows: &WorkingSet| rows.user(SHOP, ALICE).unwrap().credit;
    assert_eq!(credit(&waiting), 0);
    for (code, planned) in [("gold", None), ("gold-year", Some("gold-year"))] {
        let rows = after(&waiting, &changed(&waiting, code, ChangeTime::PeriodEnd));
        assert_eq!(payment_in(&rows, PaymentId::new(NEW)).phase, PaymentPhase::Cancelled);
        let kept = row(&rows, HELD);
        let next = kept.next_plan.as_ref().map(|next| next.code.as_str());
        assert_eq!((next, kept.open_payment, credit(&rows)), (planned, None, 500), "{code}");
    }
}

#[test]
fn one_that_cannot_be_made_any_more_is_refused_and_paid_back() {
    let before = june_of_gold(0);
    let waiting = after(&before, &changed(&before, "platinum", Now));
    let late = half() + TimeDelta::hours(23);
    let mut cancelled = waiting.clone();
    cancelled.apply(Change::Subscription(row(&waiting, HELD).cancelled(half())));
    let mut refunded = waiting.clone();
    refunded.apply(Change::Grant(Grant { value: 2_000, ..bought(0, june(), 3_000) }));
    let mut refunding = refunded.clone();
    let paid_back = Payment { refunding: 500, ..payment(PAID.get(), 3_000) };
    refunding.apply(Change::Payment(paid_back));
    let mut long = waiting.clone();
    long.apply(Change::Subscription(waits_until_9999()));
    let not_active = |current| Refusal::SubscriptionNotActive { current };
    for (rows, now, refusal) in [
        (&waiting, late, Refusal::PaymentLapsed),
        (&cancelled, half(), not_active(SubscriptionStatus::Cancelled)),
        (&refunded, half(), Refusal::NotAsPriced),
        (&refunding, half(), Refusal::PaymentInProgress { payment: PAID }),
        (&long, half(), Refusal::TermTooLong),
        (&long, late, Refusal::PaymentLapsed),
    ] {
        let found = settle(rows, ChargeOutcome::Succeeded, now);
        let result = &found.settles.as_ref().unwrap().result;
        let is_told = matches!(result, Err(Refusal::TooLate { why, .. }) if **why == refusal);
        assert!(is_told, "{result:?} and not {refusal:?}");
        assert_eq!(kinds(&found.effects), ["pay_back"]);
        assert_eq!(transfers(&found.changes), [(Cash, Account::Unapplied, 1_500)]);
        assert_eq!(grants(&after(rows, &found)), grants(rows));
    }
}

/// Who has to confirm a change may let the subscription stand still meanwhile: no time passes then.
#[test]
fn one_that_is_paid_while_it_stands_still_is_made_as_it_was_priced() {
    let day = TimeDelta::days(1);
    let almost = june().end - TimeDelta::hours(2);
    for (code, made) in [
        ("platinum", (1, slice(almost, june().end), 16, false)),
        ("gold-year", (12, slice(almost, at("2027-06-30T22:00:00Z")), 30_000, false)),
    ] {
        let before = june_of_gold(0);
        let asked = decided_in(&before, change(code, Now), &paying(almost));
        let mut rows = after(&before, &asked);
        let state = SubscriptionState::Paused { at: almost + TimeDelta::hours(1), resume_at: None };
        rows.apply(Change::Subscription(Subscription { state, ..row(&rows, HELD).clone() }));
        // Its end as it was bought is over.
        let late = almost + TimeDelta::hours(22);
        let paid = settle(&rows, ChargeOutcome::Succeeded, late);
        let rows = after(&rows, &paid);
        let standing = row(&rows, HELD);
        assert_eq!((standing.state, standing.plan.as_str()), (state, code));
        assert!(grants(&rows).contains(&made), "{:?}", grants(&rows));
        let resumed =
            decided_in(&rows, crate::Resume { subscription_id: HELD }, &paying(late + day));
        let rows = after(&rows, &resumed);
        let stood = late + day - (almost + TimeDelta::hours(1));
        let going_on = row(&rows, HELD);
        assert_eq!(going_on.state, SubscriptionState::Active);
        assert_eq!(going_on.end_date, made.1.end + stood);
        let moved = slice(made.1.start + stood, made.1.end + stood);
        assert!(grants(&rows).contains(&(made.0, moved, made.2, false)), "{:?}", grants(&rows));
    }
}

/// A year was to begin at the end of a free month, which a pause has moved.
#[test]
fn one_that_was_to_begin_after_free_time_is_not_made_when_that_has_moved() {
    let free = [super::goodwill(0, june())];
    let before = rows(&gold(&free), &free, 0);
    let waiting = after(&before, &changed(&before, "gold-year", Now));
    let made = after(&waiting, &paid(&waiting));
    assert!(grants(&made).len() > 1, "it would be made");
    let day = TimeDelta::days(1);
    let mut moved = waiting.clone();
    moved.apply(Change::Grant(super::goodwill(0, slice(june().start + day, june().end + day))));
    let row_then = row(&waiting, HELD).clone();
    let end_date = row_then.end_date + day;
    let resumed = Subscription { end_date, anchor: end_date, anchor_months: 0, ..row_then };
    moved.apply(Change::Subscription(resumed));
    let found = settle(&moved, ChargeOutcome::Succeeded, half());
    assert_eq!(kinds(&found.effects), ["pay_back"]);
    assert_eq!(grants(&after(&moved, &found)), grants(&moved));
}

/// One that waits behind the running one, and has no room there.
fn waits_until_9999() -> Subscription {
    waiting(11, "gold", 12 * 8_000)
}

/// All workers stood still for a day.
#[test]
fn one_that_is_unknown_when_its_time_is_over_leaves_a_live_row_as_it_is() {
    let before = june_of_gold(0);
    let waiting = after(&before, &changed(&before, "platinum", Now));
    let late = half() + TimeDelta::hours(23);
    let lapse = LapsePayment { subscription_id: HELD, payment_id: PaymentId::new(NEW) };
    let swept = after(&waiting, &due_at(&waiting, lapse, late).unwrap());
    for rows in [&waiting, &swept] {
        let found = settle(rows, ChargeOutcome::StillUnknown, late);
        assert_eq!(row(&after(rows, &found), HELD), row(rows, HELD));
        let result = found.settles.unwrap().result;
        let Ok(Success::Changed(Entity::Purchase { subscription, payment, .. })) = result else {
            panic!("{result:?}")
        };
        assert_eq!(subscription, *row(rows, HELD), "it is unchanged");
        assert_eq!(payment.unwrap().phase.status(), PaymentStatus::Processing);

        let found = settle(rows, ChargeOutcome::Succeeded, late);
        let result = &found.settles.as_ref().unwrap().result;
        let Err(Refusal::TooLate { why, payment }) = result else { panic!("{result:?}") };
        assert_eq!(**why, Refusal::PaymentLapsed);
        assert_eq!(payment.phase.status(), PaymentStatus::Succeeded);
        assert_eq!(kinds(&found.effects), ["pay_back"]);
        // Late money has paid for nothing, so nothing is in the way of another try.
        let rows = after(rows, &found);
        let again = decided_in(&rows, change("platinum", Now), &paying(late));
        assert_eq!(again.outcome, Outcome::Pending);
    }
}

/// June has ended, and what was paid for it is earned, while the user was asked.
#[test]
fn what_was_earned_meanwhile_is_taken_back() {
    let bought = [bought(0, june(), 3_000), bought(1, july(), 3_000)];
    let before = rows(&gold(&bought), &bought, 0);
    let evening = june().end - TimeDelta::hours(12);
    let found = decided_in(&before, change("platinum", Now), &paying(evening));
    // A sixtieth of 60 and 60, for a sixtieth of 30 and 30.
    assert_eq!(asked(&found).cash, 3_050);
    let rows = after(&before, &found);
    let earned = settled_at(&rows, row(&rows, HELD).due().unwrap(), june().end).unwrap();
    let rows = after(&rows, &earned);
    let morning = june().end + TimeDelta::hours(1);
    let found = settle(&rows, ChargeOutcome::Succeeded, morning);
    // 60 are deferred instead of 30. Of June 29.50 and the new rest, 1, are earned.
    let moved = [(Cash, Deferred, 3_000), (Cash, Revenue, 50)];
    assert_eq!(transfers(&found.changes), moved);
    let rows = after(&rows, &found);
    let rest = rows.grants_of(HELD).find(|grant| grant.slice == Some(slice(evening, june().end)));
    let rest = rest.unwrap();
    assert_eq!((rest.value, rest.closed_at), (100, Some(june().end)), "it has ended");
    // The end of June has been seen once, and is not due again.
    assert_eq!(row(&rows, HELD).recognise_at, Some(july().end));
}

#[test]
fn what_was_bought_by_one_month_is_earned_though_it_is_changed_after_its_end() {
    let auto = Subscription { auto_renew: true, grace_days: 0, ..gold(&one_month()) };
    let before = rows(&auto, &one_month(), 0);
    let evening = june().end - TimeDelta::hours(12);
    let rows = after(&before, &decided_in(&before, change("platinum", Now), &paying(evening)));
    let earned = settled_at(&rows, row(&rows, HELD).due().unwrap(), june().end).unwrap();
    let rows = after(&rows, &earned);
    let tried = settled_at(&rows, row(&rows, HELD).due().unwrap(), june().end).unwrap();
    let rows = after(&rows, &tried);
    let later = june().end + TimeDelta::minutes(10);
    let rows = after(&rows, &settle(&rows, ChargeOutcome::Succeeded, later));
    let due = row(&rows, HELD).due().unwrap();
    assert_eq!(row(&rows, HELD).recognise_at, None);
    assert_eq!(due.operation(), crate::Operation::RenewSubscription);
    assert_eq!(row(&rows, HELD).due_at(), Some(later), "the renewal has waited for it");
}

#[test]
fn a_new_end_has_its_own_attempts() {
    let auto = Subscription { auto_renew: true, ..gold(&one_month()) };
    let before = rows(&auto, &one_month(), 0);
    let evening = june().end - TimeDelta::hours(12);
    let rows = after(&before, &decided_in(&before, change("gold-year", Now), &paying(evening)));
    let earned = settled_at(&rows, row(&rows, HELD).due().unwrap(), june().end).unwrap();
    let rows = after(&rows, &earned);
    // The renewal waits for the payment of the change.
    let tried = settled_at(&rows, row(&rows, HELD).due().unwrap(), june().end).unwrap();
    let rows = after(&rows, &tried);
    assert_eq!(row(&rows, HELD).attempts, 1);
    let later = june().end + TimeDelta::minutes(10);
    let rows = after(&rows, &settle(&rows, ChargeOutcome::Succeeded, later));
    let changed = row(&rows, HELD);
    assert_eq!((changed.attempts, changed.retry_at), (0, None));
    let year = Subscription { recognise_at: None, ..changed.clone() };
    assert_eq!(year.due_at(), Some(changed.end_date), "it is tried at its end");
}

#[test]
fn all_that_another_interval_replaces_leads_to_it() {
    let second = PaymentId::new(31);
    let two =
        [bought(0, june(), 3_000), Grant { payment: Some(second), ..bought(1, july(), 3_000) }];
    let mut before = rows(&gold(&two), &two, 0);
    before.apply(Change::Payment(payment(second.get(), 3_000)));
    let rows = after(&before, &changed(&before, "gold-year", Now));
    let rows = after(&rows, &paid(&rows));
    let year = rows.grants_of(HELD).find(|grant| grant.value > 0).unwrap().clone();
    for payment_id in [PAID, second] {
        let asked = RefundPayment { payment_id, amount: None, cancel: false };
        let rows = after(&rows, &decided_in(&rows, asked, &paying(half())));
        let refund_id = crate::RefundId::new(NEW);
        let outcome = crate::RefundOutcome::Succeeded;
        let done = crate::SettleRefund { refund_id, payment_id, outcome };
        let found = settled_at(&rows, done, half()).unwrap();
        assert_eq!(transfers(&found.changes), [(Deferred, Cash, 3_000)]);
        let left = after(&rows, &found).grant(year.id).unwrap().value;
        assert_eq!(left, year.value - 3_000);
    }
}
