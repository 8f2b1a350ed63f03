//! Cancelling, whatever the subscription's state.

use crate::sample::{decide_at, decided, now, refused};
use crate::scene::{HELD, Holding, held, scene};
use chrono::TimeDelta;
use shared::domain::decide::Decision;
use shared::domain::world::Change;
use shared::domain::{Command, Refusal, Subscription, SubscriptionStatus, Success};

const CANCEL: Command = Command::Cancel { subscription_id: HELD };

fn expected(holding: Holding) -> Decision {
    let ended = |current| refused(Refusal::SubscriptionNotActive { current });
    match holding {
        Holding::Nothing | Holding::OtherClients => refused(Refusal::SubscriptionNotFound),
        Holding::Lapsed | Holding::Expired => ended(SubscriptionStatus::Expired),
        Holding::Cancelled => ended(SubscriptionStatus::Cancelled),
        Holding::Running | Holding::OtherUsers => {
            let cancelled = Subscription {
                status: SubscriptionStatus::Cancelled,
                cancelled_at: Some(now()),
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
    let (world, end) = (scene(Holding::Running, []), held(Holding::Running).end_date);
    let before = decide_at(&world, &CANCEL, end - TimeDelta::microseconds(1));
    assert!(matches!(before.result, Ok(Success::Cancelled(_))));
    let expired = Refusal::SubscriptionNotActive { current: SubscriptionStatus::Expired };
    assert_eq!(decide_at(&world, &CANCEL, end), refused(expired));
}
