//! The order of what is due at one instant.

use super::sample::{Shop, at};
use domain::{Email, Give, Pause};
use support::Database;

/// Ends come before beginnings, and these before what is to be paid; then it goes by table and id.
#[tokio::test]
async fn ends_come_before_beginnings_and_these_before_renewals() {
    let database = Database::create().await;
    // A gift that is given now can be redeemed until 2 March, when all the rest is due, too.
    let shop = Shop::open(&database, "demo", "2026-01-31T00:00:00Z").await;
    let give = |gifter_id| Give {
        gifter_id: Some(gifter_id),
        gifter_external_id: None,
        recipient_email: Email::parse("bea@a.org").unwrap(),
        duration_months: None,
        plan: None,
    };
    let gifter = shop.user("gifter").await;
    shop.send(give(gifter)).await;
    shop.advance(at("2026-02-02T00:00:00Z")).await;
    for (name, auto_renew) in [("a", true), ("b", false), ("c", true), ("d", false)] {
        shop.subscriber(name, auto_renew).await;
    }
    let paused = shop.subscriber("e", false).await;
    let resume_at = Some(at("2026-03-02T00:00:00Z"));
    shop.send(Pause { subscription_id: paused, resume_at }).await;
    let answer = shop.advance(at("2026-03-02T00:00:00Z")).await;
    assert!(answer.ends_with(r#""steps":1}"#), "{answer}");
    let order = format!(
        "SELECT string_agg(operation, ' ' ORDER BY position), count(DISTINCT decided_at)
         FROM transactions WHERE client_id = {} AND origin = 'internal'
             AND decided_at = '2026-03-02T00:00:00Z' AND operation <> 'settle_clock'",
        shop.client
    );
    let order = database.value::<String>(&order).await;
    assert_eq!(
        order,
        "expire_subscription expire_subscription expire_gift resume_subscription \
         renew_subscription renew_subscription"
    );
}
