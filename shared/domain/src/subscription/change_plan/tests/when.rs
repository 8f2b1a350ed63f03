//! When a plan is changed, and when it is not.

use super::{
    ChangeTime, asked, bought, change, changed, gold, grants, half, july, june, june_of_gold,
    one_month, rows, settle, sold,
};
use crate::samples::*;
use crate::{
    Account, Change, ChargeOutcome, Conversion, Decision, Grant, GrantSource, Interval, Money,
    NextPlan, OpenPayment, Payment, PaymentId, Purpose, Refusal, Subscription, SubscriptionState,
    SubscriptionStatus,
};
use Account::{Deferred, Revenue};
use ChangeTime::{Auto, Now, PeriodEnd};
use chrono::TimeDelta;

fn planned(found: &Decision) -> Option<&str> {
    subscription_of(found).next_plan.as_ref().map(|next| next.code.as_str())
}

#[test]
fn what_is_not_dearer_waits_for_the_end_unless_it_is_wanted_now() {
    let before = june_of_gold(0);
    for (code, when) in
        [("bronze", Auto), ("bronze", PeriodEnd), ("platinum", PeriodEnd), ("gold-year", Auto)]
    {
        let found = changed(&before, code, when);
        assert_eq!((planned(&found), subscription_of(&found).plan.as_str()), (Some(code), "gold"));
        assert_eq!((found.changes.len(), found.effects.len()), (1, 0), "no money");
        // A later request takes its place, and the own plan takes it back.
        let rows = after(&before, &found);
        let again = changed(&rows, "bronze", PeriodEnd);
        assert_eq!(planned(&again), Some("bronze"));
        let mut rows = rows;
        for _ in 0..2 {
            let cleared = changed(&rows, "gold", Auto);
            assert_eq!((planned(&cleared), cleared.changes.len()), (None, 1));
            // Also when it is not sold any more.
            let retired = sold(20, "gold", 3_000, Interval::Month).retired(half());
            rows.apply(Change::Plan(retired));
        }
    }
}

#[test]
fn a_change_at_the_end_is_made_by_the_renewal_at_the_new_price() {
    let auto = Subscription { auto_renew: true, ..gold(&one_month()) };
    let before = rows(&auto, &one_month(), 0);
    let rows = after(&before, &changed(&before, "bronze", Auto));
    let renewing = row(&rows, HELD);
    assert_eq!(
        renewing.scheduled_change().map(|(next, at)| (next.code.as_str(), at)),
        Some(("bronze", june().end))
    );
    // What was earned by then comes first.
    let earned = settled_at(&rows, renewing.due().unwrap(), june().end).unwrap();
    assert_eq!(transfers(&earned.changes), [(Deferred, Revenue, 3_000)]);
    let rows = after(&rows, &earned);
    let tried = settled_at(&rows, row(&rows, HELD).due().unwrap(), june().end).unwrap();
    assert_eq!(asked(&tried).cash, 1_000);
    let rows = after(&rows, &tried);
    let paid = settle(&rows, ChargeOutcome::Succeeded, june().end);
    let renewed = subscription_of(&paid);
    assert_eq!((renewed.plan.as_str(), &renewed.next_plan), ("bronze", &None));
}

#[test]
fn a_trial_becomes_one_of_the_other_plan_without_money() {
    let trial = Subscription {
        state: SubscriptionState::Trialing { cancelling: None },
        trial_end: Some(june().end),
        anchor: june().end,
        anchor_months: 0,
        months: 0,
        conversion: Some(Conversion { months: 1, is_payable: true }),
        recognise_at: None,
        ..gold(&one_month())
    };
    let given = [Grant { months: 0, source: GrantSource::Trial, ..bought(0, june(), 0) }];
    for (code, when, months) in [
        ("platinum", Auto, 1),
        ("bronze", Now, 1),
        ("bronze", PeriodEnd, 1),
        ("gold-year", Now, 12),
    ] {
        let found = changed(&rows(&trial, &given, 0), code, when);
        assert_eq!((transfers(&found.changes), found.effects.len()), (vec![], 0));
        let swapped = subscription_of(&found);
        assert_eq!((swapped.plan.as_str(), swapped.end_date), (code, june().end));
        assert_eq!(swapped.conversion, Some(Conversion { months, is_payable: true }));
        assert_eq!((swapped.state, &swapped.next_plan), (trial.state, &None));
    }
}

#[test]
fn a_trial_with_months_behind_it_becomes_one_of_the_other_plan_without_money_too() {
    let month = bought(1, july(), 3_000);
    let trial = Subscription {
        state: SubscriptionState::Trialing { cancelling: None },
        trial_end: Some(june().end),
        anchor: june().end,
        anchor_months: 1,
        months: 1,
        end_date: july().end,
        ..gold(&one_month())
    };
    let given = [Grant { months: 0, source: GrantSource::Trial, ..bought(0, june(), 0) }, month];
    for (code, when) in [("platinum", Auto), ("bronze", Now), ("gold-year", PeriodEnd)] {
        let before = rows(&trial, &given, 0);
        let found = changed(&before, code, when);
        assert_eq!((transfers(&found.changes), found.effects.len()), (vec![], 0), "{code}");
        let swapped = row(&after(&before, &found), HELD).clone();
        assert_eq!((swapped.plan.as_str(), swapped.end_date), (code, july().end));
        assert_eq!((swapped.state, swapped.trial_end), (trial.state, trial.trial_end));
        assert_eq!(grants(&after(&before, &found)), grants(&before));
    }
}

/// A user has to do something for a renewal, and changes the plan in the place of that.
#[test]
fn a_payment_for_time_of_a_plan_that_goes_is_given_up() {
    let purpose = Purpose::Renew { subscription: HELD, months: 1, clears_flag: false };
    let payment = waiting_for_user(&sent_payment(purpose, 3_000, 0));
    let payment = Payment { plan: "gold".to_owned(), plan_version: 1, ..payment };
    let running = Subscription { open_payment: open(), plan_version: 1, ..gold(&one_month()) };
    let trial = Subscription {
        state: SubscriptionState::Trialing { cancelling: None },
        trial_end: Some(june().end),
        recognise_at: None,
        ..running.clone()
    };
    for (found, open_payment, effects) in
        [(running, open(), vec![]), (trial, None, vec!["stop_charge"])]
    {
        let mut before = rows(&found, &one_month(), 0);
        before.apply(Change::Payment(payment.clone()));
        let changed = changed(&before, "bronze", PeriodEnd);
        assert_eq!(kinds(&changed.effects), effects);
        let after = after(&before, &changed);
        assert_eq!(row(&after, HELD).open_payment, open_payment);
    }
}

#[test]
fn what_is_bought_first_after_a_trial_that_was_taken_over_is_an_interval_of_the_plan_then() {
    // A gift of gold has begun in the place of the conversion of a trial of bronze.
    let bronze = sold(22, "bronze", 1_000, Interval::Month);
    let next_plan = Some(NextPlan { code: "bronze".to_owned(), version: bronze.version });
    let conversion = Some(Conversion { months: 3, is_payable: true });
    let taken_over = Subscription { next_plan, conversion, ..gold(&one_month()) };
    let before = rows(&taken_over, &one_month(), 0);
    for (code, when, months) in [
        ("platinum", PeriodEnd, 3),
        ("gold-year", PeriodEnd, 12),
        ("gold", Auto, 3),
        ("bronze", Now, 3),
    ] {
        let found = changed(&before, code, when);
        let months = Some(Conversion { months, is_payable: true });
        assert_eq!(subscription_of(&found).conversion, months, "{code}");
    }
    let waiting = after(&before, &changed(&before, "gold-year", Now));
    assert_eq!(row(&waiting, HELD).conversion, conversion, "nothing is paid yet");
    let made = after(&waiting, &super::paid(&waiting));
    let months = Some(Conversion { months: 12, is_payable: true });
    assert_eq!(row(&made, HELD).conversion, months);
}

#[test]
fn refusals_come_in_the_order_of_the_contract() {
    let state = |state| rows(&Subscription { state, ..gold(&one_month()) }, &one_month(), 0);
    let paused = state(SubscriptionState::Paused { at: june().start, resume_at: None });
    let current = SubscriptionStatus::Paused;
    let refusal = Refusal::SubscriptionNotActive { current };
    assert_eq!(changed(&paused, "platinum", Now), refused(ALICE, refusal));
    let retired = sold(21, "platinum", 6_000, Interval::Month).retired(half());
    let mut of_retired = paused;
    of_retired.apply(Change::Plan(retired));
    let refusal = Refusal::PlanRetired { plan: "platinum".to_owned() };
    assert_eq!(changed(&of_retired, "platinum", Now), refused(ALICE, refusal));
    let current = SubscriptionStatus::PastDue;
    let failed = state(SubscriptionState::PastDue);
    let refusal = Refusal::SubscriptionNotActive { current };
    assert_eq!(changed(&failed, "gold", Now), refused(ALICE, refusal));
    assert_eq!(changed(&june_of_gold(0), "gold", Now), refused(ALICE, Refusal::PlanUnchanged));

    let in_progress = Payment {
        created_at: half(),
        ..sent_payment(Purpose::Renew { subscription: HELD, months: 1, clears_flag: false }, 1, 0)
    };
    let open_payment = Some(OpenPayment { id: PAID, until: half() + TimeDelta::hours(1) });
    let mut busy = rows(&Subscription { open_payment, ..gold(&one_month()) }, &one_month(), 0);
    busy.apply(Change::Payment(in_progress));
    let refusal = Refusal::PaymentInProgress { payment: PAID };
    assert_eq!(changed(&busy, "platinum", Now), refused(ALICE, refusal));

    let mut euros = sold(24, "euros", 6_000, Interval::Month);
    euros.terms.price = Money { currency: eur(), ..euros.terms.price };
    let mut rows_of_euros = june_of_gold(0);
    rows_of_euros.apply(Change::Plan(euros));
    for when in [Now, Auto, PeriodEnd] {
        let refusal = Refusal::CurrencyMismatch { currency: usd() };
        assert_eq!(changed(&rows_of_euros, "euros", when), refused(ALICE, refusal.clone()));
        let found = decided_at(&rows_of_euros, change("euros", when), half());
        assert_eq!(found, refused(ALICE, refusal), "that is told before what is disabled");
        let found = decided_at(&rows_of_euros, change("platinum", when), half());
        let refusal = Refusal::PaymentsDisabled { plan: "platinum".to_owned() };
        assert_eq!(found, refused(ALICE, refusal));
    }
    // It would end too late: that is told before what it is sold in.
    let late = waiting(11, "gold", 95_680);
    let mut long = rows_of_euros.clone();
    long.apply(Change::Subscription(late));
    let mut year = sold(25, "euros-year", 6_000, Interval::Year);
    year.terms.price = Money { currency: eur(), ..year.terms.price };
    long.apply(Change::Plan(year));
    assert_eq!(changed(&long, "euros-year", Now), refused(ALICE, Refusal::TermTooLong));
    let mut without = june_of_gold(0);
    let user = crate::User { currency: Some(usd()), default_method: None, ..payer(0) };
    without.apply(Change::ChangedUser(user));
    let found = changed(&without, "platinum", Now);
    assert_eq!(found, refused(ALICE, Refusal::PaymentMethodRequired));
    assert!(changed(&without, "bronze", Now).outcome.success().is_some());
}

#[test]
fn nothing_changes_while_money_of_it_is_being_paid_back() {
    let mut rows = june_of_gold(0);
    rows.apply(Change::Payment(Payment { refunding: 100, ..payment(PAID.get(), 3_000) }));
    let refusal = Refusal::PaymentInProgress { payment: PAID };
    for (code, when) in [("bronze", Now), ("platinum", Auto), ("gold-year", PeriodEnd)] {
        assert_eq!(changed(&rows, code, when), refused(ALICE, refusal.clone()));
    }
    // So it is if that was changed since.
    let again = PaymentId::new(31);
    let old = Grant { months: 0, closed_at: Some(june().start), ..bought(0, june(), 0) };
    let old = Grant { payment: Some(PAID), ..old };
    let from_grant = Some(old.id);
    let new = Grant { payment: Some(again), from_grant, ..bought(1, june(), 6_000) };
    let mut chain = rows.clone();
    for row in [Change::Grant(old), Change::Grant(new), Change::Payment(payment(31, 3_000))] {
        chain.apply(row);
    }
    assert_eq!(changed(&chain, "bronze", Now), refused(ALICE, refusal.clone()));
    // What is not open any more is nothing that could be changed.
    rows.apply(Change::Grant(Grant { closed_at: Some(half()), ..bought(0, june(), 3_000) }));
    assert_eq!(kinds(&changed(&rows, "platinum", Now).effects), Vec::<&str>::new());
}

#[test]
fn one_that_is_to_be_cancelled_still_is() {
    let state = SubscriptionState::Cancelling { at: june().start };
    let flagged = Subscription { state, ..gold(&one_month()) };
    let found = changed(&rows(&flagged, &one_month(), 0), "bronze", Now);
    assert_eq!(subscription_of(&found).state, state);
    let next = NextPlan { code: "bronze".to_owned(), version: 1 };
    let found = changed(&rows(&flagged, &one_month(), 0), "bronze", PeriodEnd);
    assert_eq!(
        (subscription_of(&found).state, &subscription_of(&found).next_plan),
        (state, &Some(next))
    );
}
