//! Charges of which nothing has got out: they are sent as long as somebody waits for them.

use super::sample::{Till, answer, subscribe};
use chrono::TimeDelta;
use domain::{Cancel, Instant, SubscriptionId};
use runtime::clock::now;
use serde_json::json;
use support::Database;

fn in_22_hours() -> Instant {
    now() + TimeDelta::hours(22)
}

/// A charge that the provider could not be asked for.
async fn unsent(till: &Till<'_>) {
    let user = till.payer("ann", "sim_ok").await;
    let begun = till.begin(subscribe(user)).await;
    for performed in
        [till.perform_on(&till.cut_off(now), &begun).await, till.go_on(&till.cut_off(now)).await]
    {
        assert!(performed.settled.entries.is_empty() && performed.later.is_some());
    }
    let sends = "(payload #>> '{progress,sends}')::int = 0
                 AND payload #>> '{progress,first_sent}' IS NOT NULL
                 AND payload #>> '{progress,last_sent}' IS NULL";
    assert_eq!(till.shop.count("effects", sends).await, 1);
}

async fn is_not_charged(till: &Till<'_>) {
    let performed = till.go_on(&till.ground).await;
    let (status, body) = answer(&performed);
    assert_eq!((status, &body["code"]), (402, &json!("payment_declined")), "{body}");
    assert_eq!(body["decline_code"], "not_processed", "{body}");
    assert_eq!(till.states().await.0, "declined");
    assert_eq!(till.shop.count("effects", "true").await, 0);
    assert_eq!(till.charges().await, (0, 0));
    super::refunds::check(till).await;
}

#[tokio::test]
async fn it_is_sent_when_the_provider_is_back_also_after_a_day() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    unsent(&till).await;
    let performed = till.go_on(&till.at_real(in_22_hours)).await;
    assert_eq!(performed.later, None);
    assert_eq!(till.charges().await, (1, 1));
    assert_eq!(till.states().await, ("succeeded".to_owned(), "active".to_owned()));
}

#[tokio::test]
async fn it_is_not_sent_when_what_was_bought_was_cancelled_meanwhile() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    unsent(&till).await;
    let subscription_id = SubscriptionId::new(database.value("SELECT id FROM subscriptions").await);
    till.shop.send(Cancel { subscription_id, at_period_end: false }).await;
    is_not_charged(&till).await;
}

#[tokio::test]
async fn it_is_not_sent_when_its_time_is_over_by_the_clock_of_its_client() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    unsent(&till).await;
    database.run("UPDATE test_clocks SET now = now + interval '23 hours'").await;
    is_not_charged(&till).await;
}

#[tokio::test]
async fn it_is_not_sent_when_the_payment_has_ended() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    unsent(&till).await;
    database.run("UPDATE payments SET phase = 'cancelled', settled_at = created_at").await;
    let performed = till.go_on(&till.ground).await;
    assert!(performed.settled.entries.is_empty() && performed.later.is_none());
    assert_eq!(till.charges().await, (0, 0));
}
