//! Renewing, whatever the subscription's state.

use crate::sample::{decide_at, decided, grant, refused, working_set};
use crate::scene::{HELD, Holding, extended, held, scene};
use chrono::TimeDelta;
use domain::{
    Change, Command, Decision, GrantSource, Refusal, Renew, Subscription, SubscriptionId,
    SubscriptionStatus, Success,
};
use samples::at;

const fn renew(subscription_id: SubscriptionId, duration_months: Option<u32>) -> Command {
    Command::Renew(Renew { subscription_id, duration_months })
}

fn expected(holding: Holding) -> Decision {
    let ended = |current| refused(Refusal::SubscriptionNotActive { current });
    match holding {
        Holding::Nothing | Holding::OtherClients => refused(Refusal::SubscriptionNotFound),
        Holding::Ended | Holding::Expired => ended(SubscriptionStatus::Expired),
        Holding::Cancelled => ended(SubscriptionStatus::Cancelled),
        Holding::Running | Holding::OtherUsers => {
            // Counted from 31 May: 4 months later is 30 September.
            let renewed = extended(&held(holding), 4, at("2026-09-30T08:00:00Z"));
            let granted = grant(HELD.get(), GrantSource::Renewal, 2);
            Decision {
                changes: vec![Change::Subscription(renewed.clone()), Change::Grant(granted)],
                result: Ok(Success::Renewed(renewed)),
            }
        }
    }
}

#[test]
fn only_a_running_subscription_of_the_client_can_be_renewed() {
    for holding in Holding::ALL {
        let found = decided(&scene(holding, []), &renew(HELD, Some(2)));
        assert_eq!(found, expected(holding), "{holding:?}");
    }
}

#[test]
fn a_renewal_at_the_instant_of_the_end_is_too_late_even_if_no_sweep_has_run() {
    let (working_set, end) = (scene(Holding::Running, []), held(Holding::Running).end_date);
    let before = decide_at(&working_set, &renew(HELD, None), end - TimeDelta::microseconds(1));
    assert!(matches!(before.result, Ok(Success::Renewed(_))));
    let expired = Refusal::SubscriptionNotActive { current: SubscriptionStatus::Expired };
    assert_eq!(decide_at(&working_set, &renew(HELD, None), end), refused(expired));
}

#[test]
fn a_renewal_counts_from_the_first_start_and_not_from_the_previous_end() {
    let february = Subscription {
        months: 1,
        start_date: at("2026-01-31T00:00:00Z"),
        end_date: at("2026-02-28T00:00:00Z"),
        ..held(Holding::Running)
    };
    let working_set = working_set([Change::Subscription(february)]);
    let found = decide_at(&working_set, &renew(HELD, Some(1)), at("2026-02-10T00:00:00Z")).result;
    let Ok(Success::Renewed(renewed)) = found else { panic!("refused: {found:?}") };
    assert_eq!(renewed.end_date, at("2026-03-31T00:00:00Z"));
    assert_eq!(renewed.start_date, at("2026-01-31T00:00:00Z"));
    assert_eq!(renewed.months, 2);
}

#[test]
fn a_subscription_is_renewed_under_its_own_plan() {
    let of_plan = |plan: &str| {
        let yearly = Subscription { plan: plan.to_owned(), ..held(Holding::Running) };
        working_set([Change::Subscription(yearly)])
    };
    let refusal = decided(&of_plan("yearly"), &renew(HELD, Some(13))).result;
    assert!(matches!(refusal, Err(Refusal::DurationNotMultiple { interval_months: 12, .. })));
    // One that is off sale goes on, by the month.
    let found = decided(&of_plan("discontinued"), &renew(HELD, None)).result;
    assert!(matches!(found, Ok(Success::Renewed(s)) if s.months == 3 && s.plan == "discontinued"));
}

#[test]
fn what_has_ended_is_told_before_what_is_wrong_with_the_term() {
    let yearly = Subscription { plan: "yearly".to_owned(), ..held(Holding::Expired) };
    let found = decided(&working_set([Change::Subscription(yearly)]), &renew(HELD, Some(5)));
    let current = SubscriptionStatus::Expired;
    assert_eq!(found, refused(Refusal::SubscriptionNotActive { current }));
}
