//! What is due is done at its own instant, whatever the way of the clock.

use super::sample::{Shop, at};
use chrono::TimeDelta;
use domain::{AdvanceClock, ClientId, Extend, Pause, Subscribe};
use support::Database;

const STANDS: &str = "2026-01-31T08:00:00Z";

#[tokio::test]
async fn a_subscription_is_renewed_at_each_of_its_ends() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    shop.subscriber("ann", true).await;
    let answer = shop.advance(at("2026-06-01T00:00:00Z")).await;
    assert_eq!(answer, r#"{"now":"2026-06-01T00:00:00.000000Z","steps":4}"#);
    let granted = format!(
        "SELECT string_agg(to_char(granted_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI'), ', '
                           ORDER BY granted_at)
         FROM grants WHERE client_id = {}",
        shop.client
    );
    let expected = "01-31 08:00, 02-28 08:00, 03-31 08:00, 04-30 08:00, 05-31 08:00";
    assert_eq!(database.value::<String>(&granted).await, expected);
    assert_eq!(shop.now().await, at("2026-06-01T00:00:00Z"));
}

#[tokio::test]
async fn an_instant_that_is_the_target_is_visited_and_one_after_it_is_not() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    shop.subscriber("ann", false).await;
    let end = at("2026-02-28T08:00:00Z");
    let before = shop.advance(end - TimeDelta::microseconds(1)).await;
    assert!(before.ends_with(r#""steps":0}"#), "{before}");
    assert_eq!(shop.count("subscriptions", "status = 'active'").await, 1);
    assert!(shop.advance(end).await.ends_with(r#""steps":1}"#));
    assert_eq!(shop.count("subscriptions", "status = 'expired'").await, 1);
    // To stand still is an advance, too.
    assert_eq!(shop.advance(end).await, r#"{"now":"2026-02-28T08:00:00.000000Z","steps":0}"#);
}

/// What becomes due on the way is visited, too: the end after a pause.
#[tokio::test]
async fn what_becomes_due_on_the_way_is_done_on_the_way() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    let subscription_id = shop.subscriber("ann", false).await;
    shop.advance(at("2026-02-10T08:00:00Z")).await;
    let resume_at = Some(at("2026-03-10T08:00:00Z"));
    let paused = shop.send(Pause { subscription_id, resume_at }).await;
    assert_eq!(paused.answer().unwrap().status, 200);
    let answer = shop.advance(at("2026-06-01T00:00:00Z")).await;
    assert!(answer.ends_with(r#""steps":2}"#), "{answer}");
    let ended =
        "status = 'expired' AND end_date = '2026-03-28T08:00:00Z' AND updated_at = end_date";
    assert_eq!(shop.count("subscriptions", ended).await, 1);
}

#[tokio::test]
async fn one_instant_may_take_several_transactions_and_counts_once() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    database
        .run(&format!(
            "INSERT INTO users (client_id, email, created_at)
             SELECT {client}, 'user' || n || '@a.org', '{STANDS}' FROM generate_series(1, 300) AS n;
             INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months,
                                        start_date, end_date, due_at, created_at, updated_at,
                                        auto_renew)
             SELECT {client}, false, id, 'monthly', 'active', 1, '{STANDS}',
                    '2026-02-28T08:00:00Z', '2026-02-28T08:00:00Z', '{STANDS}', '{STANDS}',
                    id % 2 = 0
             FROM users WHERE client_id = {client}",
            client = shop.client
        ))
        .await;
    let answer = shop.advance(at("2026-04-01T00:00:00Z")).await;
    // The end, and one more of those that are renewed.
    assert!(answer.ends_with(r#""steps":2}"#), "{answer}");
    assert_eq!(shop.count("subscriptions", "status = 'expired'").await, 150);
    assert_eq!(shop.count("grants", "granted_at = '2026-02-28T08:00:00Z'").await, 150);
    assert_eq!(shop.count("grants", "granted_at = '2026-03-31T08:00:00Z'").await, 150);
    assert_eq!(shop.count("transactions", "operation = 'expire_subscription'").await, 150);
}

#[tokio::test]
async fn nobody_else_notices() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    let other = Shop::open(&database, "other", STANDS).await;
    other.subscriber("ann", false).await;
    database.run("INSERT INTO clients (name) VALUES ('live')").await;
    shop.advance(at("2027-01-01T00:00:00Z")).await;
    assert_eq!(other.count("subscriptions", "status = 'active'").await, 1);
    assert_eq!(other.now().await, at(STANDS));
}

#[tokio::test]
async fn an_advance_is_for_test_clients_one_at_a_time_and_forwards() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    let live = Shop { client: ClientId::LOCAL, ..Shop::open(&database, "live", STANDS).await };
    let code = |entry: domain::LogEntry| {
        let answer = entry.answered.unwrap().answer;
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, body["code"].as_str().unwrap().to_owned())
    };
    let advance = |to| AdvanceClock { to: at(to) };
    let refused = code(live.send(advance("2030-01-01T00:00:00Z")).await);
    assert_eq!(refused, (403, "not_a_test_client".to_owned()));
    let back = code(shop.send(advance("2026-01-31T07:59:59.999999Z")).await);
    assert_eq!(back, (422, "clock_backwards".to_owned()));
    let far = code(shop.send(advance("2031-01-31T08:00:00.000001Z")).await);
    assert_eq!(far, (422, "clock_too_far".to_owned()));
    let (effect, claim) = shop.begin(at("2026-03-01T00:00:00Z")).await;
    let second = code(shop.send(advance("2026-04-01T00:00:00Z")).await);
    assert_eq!(second, (409, "clock_advancing".to_owned()));
    super::sample::lead(database.store(), &effect, claim).await.unwrap().unwrap();
    shop.advance(at("2026-04-01T00:00:00Z")).await;
}

/// One that slips through is decided where the clock stands, and what it makes due is not missed.
#[tokio::test]
async fn a_command_in_between_is_decided_where_the_clock_stands() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    let subscription_id = shop.subscriber("ann", false).await;
    shop.send(Extend { subscription_id, months: 11, reason: "test".to_owned() }).await;
    let (effect, claim) = shop.begin(at("2027-06-01T00:00:00Z")).await;
    let user_id = Some(shop.user("bea").await);
    let plan = domain::PlanCode::parse("monthly").unwrap();
    let (external_id, duration_months, auto_renew, trial) = (None, None, false, None);
    let subscribe = Subscribe { user_id, external_id, plan, duration_months, auto_renew, trial };
    assert_eq!(shop.send(subscribe).await.decided_at, at(STANDS));
    let entry = super::sample::lead(database.store(), &effect, claim).await.unwrap().unwrap();
    assert!(entry.answered.unwrap().answer.body.ends_with(r#""steps":2}"#));
    let marked = "status = 'expired' AND updated_at = end_date";
    assert_eq!(shop.count("subscriptions", marked).await, 2);
}
