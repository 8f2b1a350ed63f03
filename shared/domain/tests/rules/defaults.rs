//! Terms that were not asked for, and terms that no plan is sold for.

use crate::sample::{decided, plan, refused, working_set};
use crate::scene::{HELD, Holding, held};
use domain::{Change, Command, Give, Plan, Refusal, Renew, Subscribe, Subscription, Success};
use samples::{ALICE, BOB, email};

fn months_of(result: Result<Success, Refusal>) -> u32 {
    match result {
        Ok(Success::Subscribed(s) | Success::Renewed(s)) => s.months,
        Ok(Success::GiftCreated(gift)) => gift.months,
        other => unreachable!("not asked for here: {other:?}"),
    }
}

fn subscribe(code: &str, duration_months: Option<u32>) -> Command {
    Command::Subscribe(Subscribe { user_id: ALICE, plan: plan(code), duration_months })
}

#[test]
fn a_term_that_is_not_asked_for_is_one_interval_of_the_plan() {
    assert_eq!(months_of(decided(&working_set([]), &subscribe("monthly", None)).result), 1);
    assert_eq!(months_of(decided(&working_set([]), &subscribe("yearly", None)).result), 12);
}

#[test]
fn a_renewal_that_is_not_asked_for_is_one_interval_of_its_own_plan() {
    for (plan, total) in [("monthly", 2 + 1), ("yearly", 2 + 12)] {
        let running = Subscription { plan: plan.to_owned(), ..held(Holding::Running) };
        let working_set = working_set([Change::Subscription(running)]);
        let renew = Command::Renew(Renew { subscription_id: HELD, duration_months: None });
        assert_eq!(months_of(decided(&working_set, &renew).result), total);
    }
}

#[test]
fn a_gift_that_names_no_months_is_one_month() {
    let recipient_email = email("carol@example.com");
    let give = Command::Give(Give { gifter_id: BOB, recipient_email, duration_months: None });
    assert_eq!(months_of(decided(&working_set([]), &give).result), 1);
}

#[test]
fn a_yearly_plan_is_sold_by_whole_years() {
    for months in 1..=120 {
        let found = decided(&working_set([]), &subscribe("yearly", Some(months)));
        if [12, 24, 36, 48, 60, 72, 84, 96, 108, 120].contains(&months) {
            assert_eq!(months_of(found.result), months);
        } else {
            let refusal = Refusal::DurationNotMultiple { plan: Plan::Yearly, interval_months: 12 };
            assert_eq!(found, refused(refusal), "{months}");
        }
    }
}

#[test]
fn a_monthly_plan_is_sold_for_any_number_of_months() {
    for months in 1..=120 {
        let found = decided(&working_set([]), &subscribe("monthly", Some(months)));
        assert_eq!(months_of(found.result), months);
    }
}
