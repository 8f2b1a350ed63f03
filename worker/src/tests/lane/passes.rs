//! What a pass finds: everything that is due, and nothing else.

use super::sample::{check_all_marked, count, due, lane};
use support::{Database, rows};

#[tokio::test]
async fn nothing_due_is_nothing_done() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    rows::subscription(&database, ann, "active", "1 minute").await;
    rows::subscription(&database, ann, "cancelled", "-1 hour").await;
    rows::subscription(&database, ann, "expired", "-1 hour").await;
    rows::gift(&database, ann, "bea@a.org", "1 minute").await;
    assert_eq!(lane(&database).pass_all().await, None);
    assert_eq!(count(&database, "transactions").await, 0);
    assert_eq!(count(&database, "subscriptions WHERE status = 'active'").await, 1);
}

/// More than are found at once, and more than a transaction has.
#[tokio::test]
async fn a_pass_marks_all_that_is_due_in_bounded_batches() {
    let database = Database::create().await;
    due(&database, 2_500).await;
    assert_eq!(lane(&database).pass_all().await, None);
    check_all_marked(&database, 2_500).await;
    let largest = "SELECT max(rows) FROM
                   (SELECT count(*) AS rows FROM transactions GROUP BY xmin) AS batches";
    assert_eq!(database.value::<i64>(largest).await, 128);
    lane(&database).pass_all().await;
    check_all_marked(&database, 2_500).await;
}

#[tokio::test]
async fn a_subscription_that_was_marked_makes_room_for_another() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    for marked in 1..=3 {
        rows::subscription(&database, ann, "active", "-1 hour").await;
        lane(&database).pass_all().await;
        assert_eq!(count(&database, "subscriptions WHERE status = 'expired'").await, marked);
    }
    assert_eq!(count(&database, "transactions").await, 3);
}

/// The time of a test client is not Postgres's.
#[tokio::test]
async fn rows_of_test_clients_are_left_alone() {
    let database = Database::create().await;
    due(&database, 2).await;
    database.run("UPDATE subscriptions SET livemode = false WHERE id = 1").await;
    database.run("UPDATE gifts SET livemode = false WHERE id = 1").await;
    lane(&database).pass_all().await;
    assert_eq!(count(&database, "subscriptions WHERE status = 'active'").await, 1);
    assert_eq!(count(&database, "gifts WHERE status = 'pending'").await, 1);
}

/// Who repairs a row by hand need not know of `due_at`.
#[tokio::test]
async fn an_end_that_is_moved_by_hand_is_found() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    rows::subscription(&database, ann, "active", "1 month").await;
    rows::gift(&database, ann, "bea@a.org", "1 month").await;
    database.run("UPDATE subscriptions SET end_date = now() - interval '1 hour'").await;
    database.run("UPDATE gifts SET expires_at = now() - interval '1 hour'").await;
    lane(&database).pass_all().await;
    assert_eq!(count(&database, "subscriptions WHERE status = 'expired'").await, 1);
    assert_eq!(count(&database, "gifts WHERE status = 'expired'").await, 1);
}

/// The program moves an end, too, while something else is due at the old one: a trial ends there,
/// or what was paid up to there is earned.
#[tokio::test]
async fn what_is_due_at_an_end_that_moves_stays_due() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let bea = rows::user(&database, "bea@a.org").await;
    rows::subscription(&database, ann, "active", "1 month").await;
    rows::subscription(&database, bea, "active", "1 month").await;
    let trial = "UPDATE subscriptions SET status = 'trialing', trial_end = end_date WHERE id = 1";
    database.run(trial).await;
    database.run("UPDATE subscriptions SET recognise_at = end_date WHERE id = 2").await;
    let extend =
        "UPDATE subscriptions SET end_date = end_date + interval '1 month', due_at = due_at";
    database.run(extend).await;
    let moved = "subscriptions WHERE end_date - interval '1 month' = due_at";
    assert_eq!(count(&database, moved).await, 2);
}
