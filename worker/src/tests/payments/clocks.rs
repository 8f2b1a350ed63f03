//! Payments on the way of a test clock: time stands still while one is in flight.

use super::refunds::check;
use super::sample::{Till, instant, subscribe};
use crate::effects::{Performed, Task, perform};
use domain::AdvanceClock;
use serde_json::Value;
use std::time::Duration;
use store::effects;
use support::Database;
use tokio::time::{Instant, sleep};

/// Leads the clock, and performs what becomes of it as a runner does.
async fn advance(till: &Till<'_>, to: &str) -> Value {
    let begun = till.begin(AdvanceClock { to: instant(to) }).await;
    let claim = begun.claim().unwrap();
    let task = Task { effect: &begun.effect, claim, attempts: 1, is_sent: true };
    let leading = Box::pin(perform(&till.ground, task));
    let kinds = ["charge", "set_up_method", "pay_back", "stop_charge"];
    let running = async {
        loop {
            let claimed = effects::claim_of(&till.ground.database, &kinds, 8).await.unwrap();
            for claimed in claimed {
                let effect = claimed.effect.unwrap();
                let (claim, attempts) = (claimed.claim, claimed.attempts);
                let task = Task { effect: &effect, claim, attempts, is_sent: false };
                let performed = Box::pin(perform(&till.ground, task)).await.unwrap();
                if let Some(pause) = performed.later {
                    effects::give_up(&till.ground.database, claim, pause).await.unwrap();
                }
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    let performed: Performed = tokio::select! {
        performed = leading => performed.unwrap(),
        () = running => panic!("it runs for ever"),
    };
    let (status, body) = super::sample::answer(&performed);
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn renewals_are_charged_at_their_instants() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    till.answer(subscribe(user)).await;
    let body = advance(&till, "2026-07-01T00:00:00Z").await;
    assert_eq!(body["now"], "2026-07-01T00:00:00.000000Z", "{body}");
    assert_eq!(body["stopped_by"], Value::Null, "{body}");
    assert_eq!(till.charges().await, (6, 6));
    let settled = "phase = 'succeeded' AND settled_at = created_at";
    assert_eq!(till.shop.count("payments", settled).await, 6);
    assert_eq!(till.shop.count("ledger", "credit = 'revenue' AND amount = 1500").await, 5);
    check(&till).await;
}

#[tokio::test]
async fn a_renewal_that_is_declined_is_tried_again_until_grace_is_over() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    till.answer(subscribe(user)).await;
    database.run("UPDATE payment_methods SET reference = 'sim_declined'").await;
    advance(&till, "2026-04-01T00:00:00Z").await;
    let declined: Vec<String> = database
        .value(
            "SELECT array_agg(created_at::date::text ORDER BY id) FROM payments
                WHERE phase = 'declined'",
        )
        .await;
    assert_eq!(declined, ["2026-02-28", "2026-03-01", "2026-03-03", "2026-03-05"]);
    assert_eq!(till.shop.count("subscriptions", "status = 'expired'").await, 1);
    check(&till).await;
}

#[tokio::test]
async fn a_payment_that_is_unknown_for_a_minute_stops_it() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    till.answer(subscribe(user)).await;
    database.run("UPDATE payment_methods SET reference = 'sim_error_99'").await;
    let began = Instant::now();
    let body = advance(&till, "2026-04-01T00:00:00Z").await;
    assert!(Duration::from_mins(1) <= began.elapsed());
    assert_eq!(body["stopped_by"], "payment", "{body}");
    assert_eq!(body["now"], "2026-02-28T08:00:00.000000Z", "{body}");
    let stands = "target IS NULL AND now = '2026-02-28T08:00:00Z'";
    assert_eq!(till.shop.count("test_clocks", stands).await, 1);
}
