//! Payment methods that the provider does not answer for.

use super::sample::{Till, add_method, answer};
use chrono::TimeDelta;
use domain::Instant;
use runtime::clock::now;
use serde_json::json;
use support::Database;

fn in_23_hours() -> Instant {
    now() + TimeDelta::hours(23)
}

fn in_25_hours() -> Instant {
    now() + TimeDelta::hours(25)
}

#[tokio::test]
async fn one_that_cannot_be_set_up_for_a_day_is_declined() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.shop.user("ann").await;
    let begun = till.begin(add_method(user, "sim_ok")).await;
    let performed = till.perform_on(&till.cut_off(now), &begun).await;
    assert!(performed.later.is_some());
    let performed = till.go_on(&till.cut_off(in_23_hours)).await;
    assert!(performed.settled.entries.is_empty() && performed.later.is_some());
    let performed = till.go_on(&till.cut_off(in_25_hours)).await;
    let (status, body) = answer(&performed);
    assert_eq!((status, &body["code"]), (402, &json!("payment_method_declined")), "{body}");
    assert_eq!(body["decline_code"], "not_processed", "{body}");
    assert_eq!(till.shop.count("effects", "true").await, 0);
    assert_eq!(till.shop.count("payment_methods", "status = 'declined'").await, 1);
}
