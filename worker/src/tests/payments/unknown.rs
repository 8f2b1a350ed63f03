//! What comes of charges of which the provider does not say what came of them.

use super::sample::{Till, answer, subscribe};
use chrono::TimeDelta;
use domain::{ChargeProgress, EffectTask, Instant};
use serde_json::json;
use std::time::Duration;
use support::Database;

fn in_11_minutes() -> Instant {
    runtime::clock::now() + TimeDelta::minutes(11)
}

fn in_21_hours() -> Instant {
    runtime::clock::now() + TimeDelta::hours(21)
}

fn in_25_hours() -> Instant {
    runtime::clock::now() + TimeDelta::hours(25)
}

fn in_31_days() -> Instant {
    runtime::clock::now() + TimeDelta::days(31)
}

async fn progress(till: &Till<'_>) -> ChargeProgress {
    let payload = "SELECT payload::text FROM effects";
    let payload: String = till.shop.database.value(payload).await;
    let task = format!(r#"{{"kind": "charge", "payload": {payload}}}"#);
    let EffectTask::Charge(charge) = serde_json::from_str(&task).unwrap() else { panic!("{task}") };
    charge.progress
}

#[tokio::test]
async fn an_error_is_followed_by_the_same_key_once_more() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_error_1").await;
    let (status, body) = till.answer(subscribe(user)).await;
    assert_eq!((status, &body["status"]), (201, &json!("active")), "{body}");
    assert_eq!(till.charges().await, (1, 2));
}

#[tokio::test]
async fn after_two_errors_it_is_only_looked_up() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_error_3").await;
    let begun = till.begin(subscribe(user)).await;
    let performed = till.perform(&begun).await;
    assert!(performed.settled.entries.is_empty());
    assert_eq!(performed.later, Some(Duration::from_secs(5)));
    assert_eq!(till.states().await, ("unknown".to_owned(), "pending".to_owned()));
    let found = progress(&till).await;
    assert_eq!((found.sends, found.unknowns, found.looks), (2, 2, 0));

    let performed = till.go_on(&till.ground).await;
    assert_eq!(performed.later, Some(Duration::from_secs(10)));
    let found = progress(&till).await;
    assert_eq!((found.sends, found.looks), (2, 1));
    let (status, body) = answer(&till.go_on(&till.ground).await);
    assert_eq!((status, &body["status"]), (201, &json!("active")), "{body}");
    assert_eq!(till.charges().await, (1, 4));
}

#[tokio::test]
async fn who_waits_is_told_after_ten_minutes_once() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_error_4").await;
    let begun = till.begin(subscribe(user)).await;
    till.perform(&begun).await;
    let later = till.at_real(in_11_minutes);
    let performed = till.go_on(&later).await;
    let (status, body) = answer(&performed);
    assert_eq!((status, &body["status"]), (201, &json!("pending")), "{body}");
    assert_eq!(body["payment"]["status"], "processing", "{body}");
    let performed = till.go_on(&later).await;
    assert!(performed.settled.entries.is_empty() && performed.later.is_some());
    // What is answered stays. What was bought is there all the same.
    let performed = till.go_on(&later).await;
    assert!(performed.settled.entries.is_empty() && performed.later.is_none());
    assert_eq!(till.states().await, ("succeeded".to_owned(), "active".to_owned()));
    assert_eq!(till.charges().await, (1, 5));
}

#[tokio::test]
async fn what_the_provider_does_not_know_for_a_day_was_not_processed() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_error_9").await;
    let begun = till.begin(subscribe(user)).await;
    till.perform(&begun).await;
    database.run("DELETE FROM simulated_charges").await;
    let performed = till.go_on(&till.at_real(in_21_hours)).await;
    assert!(performed.later.is_some());
    assert_eq!(till.states().await.0, "unknown");
    let performed = till.go_on(&till.at_real(in_25_hours)).await;
    assert_eq!(performed.later, None);
    assert_eq!(till.states().await, ("declined".to_owned(), "expired".to_owned()));
    let code: String = database.value("SELECT decline_code FROM payments").await;
    assert_eq!(code, "not_processed");
    assert_eq!(till.charges().await, (0, 0));
}

#[tokio::test]
async fn what_was_sent_20_hours_ago_is_not_sent_again() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    // The worker is killed before it has sent anything.
    till.begin(subscribe(user)).await;
    let performed = till.go_on(&till.at_real(in_21_hours)).await;
    assert!(performed.later.is_some());
    assert_eq!(till.charges().await, (0, 0));
    // In time it is.
    let performed = till.go_on(&till.ground).await;
    assert_eq!(performed.later, None);
    assert_eq!(till.charges().await, (1, 1));
}

#[tokio::test]
async fn it_is_given_up_after_30_days() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_error_99").await;
    let begun = till.begin(subscribe(user)).await;
    till.perform(&begun).await;
    let performed = till.go_on(&till.at_real(in_31_days)).await;
    assert_eq!(performed.later, None);
    assert_eq!(till.shop.count("effects", "true").await, 0);
    assert_eq!(till.states().await.0, "unknown");
    let found = store::check::Invariant::NothingForgotten;
    let found = found.look(database.store(), till.shop.client, 10).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
}

#[tokio::test]
async fn a_provider_that_is_silent_for_too_long_is_asked_again() {
    let database = Database::create().await;
    let mut till = Till::open(&database).await;
    let settings = crate::provider::settings::ProviderSettings {
        payment_timeout_seconds: 1,
        ..crate::tests::leaps::sample::provider_settings()
    };
    till.ground.providers = crate::provider::Providers::new(&settings, database.store()).unwrap();
    let user = till.payer("ann", "sim_slow_2300").await;
    let (status, body) = till.answer(subscribe(user)).await;
    assert_eq!((status, &body["status"]), (201, &json!("active")), "{body}");
    assert_eq!(till.charges().await, (1, 2));
}
