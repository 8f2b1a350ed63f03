//! What fails by itself is reported and passed over, and holds up nothing else.

use super::sample::{count, due, lane};
use crate::schedule::lane::Lane;
use std::time::Duration;
use support::Database;
use tokio::time::Instant;

const EXPIRED: &str = "subscriptions WHERE status = 'expired'";
const EXPIRED_GIFTS: &str = "gifts WHERE status = 'expired'";
const HOUR: Duration = Duration::from_hours(1);

/// Passes again until so many are marked, and returns when to pass the next time. Postgres may free
/// the locks of a batch that failed only after the next one has looked: what is locked is left for
/// the next pass.
async fn pass_until_marked(
    database: &Database,
    lane: &mut Lane,
    marked: i64,
    mut again: Duration,
) -> Duration {
    for _ in 0..10 {
        if count(database, EXPIRED).await == marked {
            break;
        }
        tokio::time::sleep(again).await;
        again = lane.pass_all().await.unwrap_or(HOUR);
    }
    again
}

#[tokio::test]
async fn a_row_that_cannot_be_read_holds_up_no_other() {
    let database = Database::create().await;
    due(&database, 300).await;
    let spoil = "ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_months_check;
                 UPDATE subscriptions SET months = -1 WHERE id = 7;
                 UPDATE gifts SET recipient_email = 'bob@localhost' WHERE id = 8;
                 UPDATE users SET email = 'no address' WHERE id = 9";
    database.run(spoil).await;
    let mut lane = lane(&database);
    let again = lane.pass_all().await.unwrap();
    assert!(again <= Duration::from_secs(1), "{again:?}");
    // Nothing of a user is looked at when what the user has ends.
    assert_eq!(count(&database, EXPIRED).await, 299);
    assert_eq!(count(&database, EXPIRED_GIFTS).await, 299);

    let mend = "UPDATE subscriptions SET months = 1 WHERE id = 7;
                UPDATE gifts SET recipient_email = 'bob@example.org' WHERE id = 8";
    database.run(mend).await;
    let mut tried_at = Instant::now() + again;
    while count(&database, EXPIRED).await + count(&database, EXPIRED_GIFTS).await < 600 {
        tokio::time::sleep_until(tried_at).await;
        tried_at = Instant::now() + lane.pass_all().await.unwrap_or(HOUR);
    }
    assert_eq!(lane.pass_all().await, None);
}

#[tokio::test]
async fn a_row_that_cannot_be_written_holds_up_no_other() {
    let database = Database::create().await;
    due(&database, 300).await;
    // An entry that is there already, whatever the reason, is a conflict.
    lane(&database).pass_all().await;
    database
        .run(
            "UPDATE subscriptions SET status = 'active', due_at = end_date;
             DELETE FROM transactions WHERE operation = 'expire_subscription' AND entity_id <> 7",
        )
        .await;
    let mut lane = lane(&database);
    let again = lane.pass_all().await;
    assert!(again.is_some());
    pass_until_marked(&database, &mut lane, 299, again.unwrap_or(HOUR)).await;
    assert_eq!(count(&database, EXPIRED).await, 299);
    assert_eq!(count(&database, "subscriptions WHERE id = 7 AND status = 'active'").await, 1);
}
