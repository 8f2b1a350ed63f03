//! Cancelling, whatever the subscription's state.

use crate::sample::{decide_at, decided, refused};
use crate::scene::{HELD, Holding, held, scene};
use chrono::TimeDelta;
use domain::{
    Cancel, Change, Command, Decision, Refusal, Subscription, SubscriptionState,
    SubscriptionStatus, Success,
};
use samples::now;

const CANCEL: Command = Command::Cancel(Cancel { subscription_id: HELD });

fn expected(holding: Holding) -> Decision {
    let ended = |current| refused(Refusal::SubscriptionNotActive { current });
    match holding {
        Holding::Nothing | Holding::OtherClients => refused(Refusal::SubscriptionNotFound),
        Holding::Ended | Holding::Expired => ended(SubscriptionStatus::Expired),
        Holding::Cancelled => ended(SubscriptionStatus::Cancelled),
        Holding::Running | Holding::OtherUsers => {
            let cancelled = Subscription {
                state: SubscriptionState::Cancelled { at: now() },
                updated_at: now(),
                ..held(holding)
            };
            Decision {
                changes: vec![Change::Subscription(cancelled.clone())],
                result: Ok(Success::Cancelled(cancelled)),
            }
        }
    }
}

#[test]
fn only_a_running_subscription_of_the_client_can_be_cancelled() {
    for holding in Holding::ALL {
        let found = decided(&scene(holding, []), &CANCEL);
        assert_eq!(found, expected(holding), "{holding:?}");
    }
}

#[test]
fn a_cancelled_subscription_keeps_the_end_and_the_months_that_were_bought() {
    let found = decided(&scene(Holding::Running, []), &CANCEL).result;
    let Ok(Success::Cancelled(cancelled)) = found else { panic!("refused: {found:?}") };
    let bought = held(Holding::Running);
    assert_eq!((cancelled.end_date, cancelled.months), (bought.end_date, bought.months));
}

#[test]
fn a_cancellation_at_the_instant_of_the_end_is_too_late() {
    let (working_set, end) = (scene(Holding::Running, []), held(Holding::Running).end_date);
    let before = decide_at(&working_set, &CANCEL, end - TimeDelta::microseconds(1));
    assert!(matches!(before.result, Ok(Success::Cancelled(_))));
    let expired = Refusal::SubscriptionNotActive { current: SubscriptionStatus::Expired };
    assert_eq!(decide_at(&working_set, &CANCEL, end), refused(expired));
}
