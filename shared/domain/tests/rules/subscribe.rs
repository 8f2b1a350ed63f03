//! Subscribing, whatever the user has.

use crate::sample::{EVE, NOBODY, decide_at, decided, plan, refused, working_set};
use crate::scene::{HELD, Holding, begun, begun_rows, held, scene};
use domain::{Change, Command, Decision, GrantSource, Refusal, Subscribe, Success, UserId};
use samples::{ALICE, at};

fn subscribe(user_id: UserId, code: &str, duration_months: Option<u32>) -> Command {
    Command::Subscribe(Subscribe { user_id, plan: plan(code), duration_months })
}

fn expected(holding: Holding) -> Decision {
    match holding {
        Holding::Running => refused(Refusal::AlreadySubscribed {
            subscription: HELD,
            end_date: held(holding).end_date,
        }),
        Holding::Nothing
        | Holding::Ended
        | Holding::Cancelled
        | Holding::Expired
        | Holding::OtherClients
        | Holding::OtherUsers => {
            let new = begun(ALICE, "monthly", 2, "2026-08-15T12:00:00.123456Z");
            Decision {
                changes: begun_rows(&new, GrantSource::Purchase, holding),
                result: Ok(Success::Subscribed(new)),
            }
        }
    }
}

#[test]
fn only_a_running_subscription_of_the_user_stands_in_the_way() {
    for holding in Holding::ALL {
        let found = decided(&scene(holding, []), &subscribe(ALICE, "monthly", Some(2)));
        assert_eq!(found, expected(holding), "{holding:?}");
    }
}

#[test]
fn a_subscription_stands_in_the_way_until_the_instant_it_ends() {
    let (working_set, end) = (scene(Holding::Running, []), held(Holding::Running).end_date);
    let command = subscribe(ALICE, "monthly", None);
    let before = decide_at(&working_set, &command, end - chrono::TimeDelta::microseconds(1));
    assert!(matches!(before.result, Err(Refusal::AlreadySubscribed { .. })));

    let after = decide_at(&working_set, &command, end);
    assert!(matches!(&after.result, Ok(Success::Subscribed(new)) if new.start_date == end));
    assert!(matches!(after.changes.first(), Some(Change::Subscription(old)) if old.id == HELD));
}

#[test]
fn no_user_of_another_client_can_be_subscribed() {
    for stranger in [NOBODY, EVE, UserId::new(0), UserId::new(-1), UserId::new(i64::MAX)] {
        let found = decided(&working_set([]), &subscribe(stranger, "monthly", None));
        assert_eq!(found, refused(Refusal::UserNotFound));
    }
}

#[test]
fn a_plan_that_is_not_on_sale_is_refused_by_name() {
    for code in ["gold", "month", "monthly-", "annual"] {
        let found = decided(&working_set([]), &subscribe(ALICE, code, None));
        assert_eq!(found, refused(Refusal::UnknownPlan { plan: code.to_owned() }));
    }
}

#[test]
fn the_user_is_looked_for_before_the_plan_and_the_plan_before_what_runs() {
    let working_set = scene(Holding::Running, []);
    let refusal = |user, code, months| decided(&working_set, &subscribe(user, code, months)).result;
    assert_eq!(refusal(NOBODY, "gold", Some(7)), Err(Refusal::UserNotFound));
    assert!(matches!(refusal(ALICE, "gold", Some(7)), Err(Refusal::UnknownPlan { .. })));
    let uneven = refusal(ALICE, "yearly", Some(7));
    assert!(matches!(uneven, Err(Refusal::DurationNotMultiple { .. })));
    let running = refusal(ALICE, "yearly", Some(12));
    assert!(matches!(running, Err(Refusal::AlreadySubscribed { .. })));
}

#[test]
fn the_subscription_belongs_to_the_client_of_its_user() {
    let new = begun(ALICE, "yearly", 12, "2027-06-15T12:00:00.123456Z");
    let found = decided(&working_set([]), &subscribe(ALICE, "yearly", Some(12)));
    assert_eq!(found.result, Ok(Success::Subscribed(new)));
    assert_eq!(at("2027-06-15T12:00:00.123456Z").timestamp_subsec_micros(), 123_456);
}
