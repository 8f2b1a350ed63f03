//! A lane, and rows that it finds.

use crate::intake::{Intake, QueuedAttempt};
use crate::schedule::lane::Lane;
use crate::tests::attempts::POLICY;
use support::Database;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A lane of its own, as each worker has one, beside an intake that no client uses.
pub(crate) fn lane(database: &Database) -> Lane {
    lane_beside(database, intake().0)
}

/// A lane beside that intake.
pub(crate) fn lane_beside(database: &Database, intake: Intake) -> Lane {
    Lane::new(&database.store_of(2), intake, POLICY, CancellationToken::new())
}

pub(crate) fn intake() -> (Intake, mpsc::Receiver<QueuedAttempt>) {
    Intake::new(8)
}

/// That many users of the local client, with a subscription and a gift that ran out.
pub(crate) async fn due(database: &Database, count: u32) {
    database
        .run(&format!(
            "INSERT INTO users (client_id, email, created_at)
             SELECT 2, 'user' || n || '@a.org', now() FROM generate_series(1, {count}) AS n;
             INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months,
                                        start_date, end_date, due_at, created_at, updated_at)
             SELECT 2, true, id, 'monthly', 'active', 1, now() - interval '1 year',
                    now() - id * interval '1 second', now() - id * interval '1 second', now(),
                    now()
             FROM users;
             INSERT INTO gifts (client_id, livemode, gifter_id, recipient_email, status, months,
                                expires_at, due_at, created_at)
             SELECT 2, true, id, 'bea@a.org', 'pending', 1, now() - id * interval '1 second',
                    now() - id * interval '1 second', now()
             FROM users;
             ANALYZE"
        ))
        .await;
}

/// The number of rows that a query counts.
pub(crate) async fn count(database: &Database, what: &str) -> i64 {
    database.value(&format!("SELECT count(*) FROM {what}")).await
}

/// Each due row is marked, and has one entry in the command log.
pub(crate) async fn check_all_marked(database: &Database, expected: i64) {
    for what in [
        "subscriptions WHERE status = 'expired' AND due_at IS NULL",
        "gifts WHERE status = 'expired' AND due_at IS NULL",
        "(SELECT DISTINCT entity_id FROM transactions
          WHERE operation = 'expire_subscription' AND idempotency_key LIKE
                'expire:subscription:' || entity_id || ':%Z') AS marked",
        "(SELECT DISTINCT entity_id FROM transactions
          WHERE operation = 'expire_gift'
            AND idempotency_key = 'expire:gift:' || entity_id) AS marked",
    ] {
        assert_eq!(count(database, what).await, expected, "{what}");
    }
    let log = "transactions WHERE client_id = 2 AND origin = 'internal'";
    assert_eq!(count(database, log).await, 2 * expected);
}
