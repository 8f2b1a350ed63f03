//! What must be true after every test, whatever it did.

use anyhow::{Result, ensure};

use crate::with_database::WithDatabase;

/// Statements about the data; each counts the rows that break a rule.
const RULES: &[(&str, &str)] = &[
    (
        "a user has at most one active subscription",
        "SELECT count(*) FROM (SELECT user_id FROM subscriptions WHERE status = 'active' \
         GROUP BY user_id HAVING count(*) > 1) AS broken",
    ),
    (
        "a subscription ends after it starts, unless it has never begun",
        "SELECT count(*) FROM subscriptions WHERE end_date <= start_date AND NOT \
         (end_date = start_date AND status IN ('scheduled', 'cancelled'))",
    ),
    (
        "a subscription waits only behind a live one",
        "SELECT count(*) FROM subscriptions AS s WHERE status = 'scheduled' AND NOT EXISTS \
         (SELECT FROM subscriptions AS live WHERE live.user_id = s.user_id \
          AND live.status IN ('active', 'past_due', 'paused'))",
    ),
    (
        "a gift has a recipient and a time of redemption exactly when it is redeemed",
        "SELECT count(*) FROM gifts WHERE (status = 'redeemed') <> (redeemed_at IS NOT NULL) \
         OR (status = 'redeemed' AND recipient_id IS NULL)",
    ),
    (
        "a subscription has the months that were granted to it",
        "SELECT count(*) FROM subscriptions AS s WHERE months <> \
         (SELECT coalesce(sum(months), 0) FROM grants WHERE subscription_id = s.id)",
    ),
    (
        "a gift is redeemed exactly when its months were granted, once",
        "SELECT count(*) FROM gifts AS g WHERE (status = 'redeemed')::int <> \
         (SELECT count(*) FROM grants WHERE gift_id = g.id)",
    ),
    (
        "a key of a client has one row in the command log",
        "SELECT count(*) FROM (SELECT client_id, idempotency_key FROM transactions \
         GROUP BY client_id, idempotency_key HAVING count(*) > 1) AS broken",
    ),
];

/// Checks every rule on the stack's database.
pub async fn check_invariants(stack: &impl WithDatabase) -> Result<()> {
    for (rule, query) in RULES {
        let broken = stack.count(query).await?;
        ensure!(broken == 0, "{broken} rows break the rule: {rule}");
    }
    Ok(())
}

/// A process may refuse, retry and complain, but it must not panic.
pub(crate) fn check_log(log: &str) -> Result<()> {
    let panic = log.lines().find(|line| line.contains("panicked at"));
    ensure!(panic.is_none(), "a process panicked: {}", panic.unwrap_or_default());
    Ok(())
}
