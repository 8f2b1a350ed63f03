//! What must be true after every test, whatever it did.

use anyhow::{Result, ensure};

use crate::with_database::WithDatabase;

/// Statements about the data; each counts the rows that break a rule.
const RULES: &[(&str, &str)] = &[
    (
        "a user has at most one live subscription, and at most one that is pending",
        "SELECT count(*) FROM (SELECT user_id FROM subscriptions \
         WHERE status IN ('pending', 'trialing', 'active', 'past_due', 'paused') \
         GROUP BY user_id, status = 'pending' HAVING count(*) > 1) AS broken",
    ),
    (
        "a subscription ends after it starts, unless it has never begun",
        "SELECT count(*) FROM subscriptions WHERE end_date <= start_date AND NOT \
         (end_date = start_date AND status IN ('pending', 'scheduled', 'cancelled', 'expired'))",
    ),
    (
        "a subscription waits only behind a live one",
        "SELECT count(*) FROM subscriptions AS s WHERE status = 'scheduled' AND NOT EXISTS \
         (SELECT FROM subscriptions AS live WHERE live.user_id = s.user_id \
          AND live.status IN ('trialing', 'active', 'past_due', 'paused'))",
    ),
    (
        "a gift has a recipient and a time of redemption exactly when it is redeemed",
        "SELECT count(*) FROM gifts WHERE (status = 'redeemed') <> (redeemed_at IS NOT NULL) \
         OR (status = 'redeemed' AND recipient_id IS NULL)",
    ),
    (
        "a subscription has the months that were granted to it",
        "SELECT count(*) FROM subscriptions AS s \
         WHERE (start_date < end_date OR status = 'scheduled') AND months <> \
         (SELECT coalesce(sum(months), 0) FROM grants WHERE subscription_id = s.id)",
    ),
    (
        "a gift is redeemed exactly when its months were granted, once",
        "SELECT count(*) FROM gifts AS g WHERE (status = 'redeemed')::int <> \
         (SELECT count(*) FROM grants WHERE gift_id = g.id)",
    ),
    (
        "what was paid for and is not earned is the value of the grants that go on",
        "SELECT count(*) FROM \
         (SELECT client_id, currency, sum(amount) AS amount FROM \
          (SELECT client_id, currency, amount FROM ledger WHERE credit = 'deferred' UNION ALL \
           SELECT client_id, currency, -amount FROM ledger WHERE debit = 'deferred') AS side \
          GROUP BY client_id, currency) AS books \
         FULL JOIN (SELECT client_id, currency, sum(value) AS amount FROM grants \
                    WHERE closed_at IS NULL AND value > 0 GROUP BY client_id, currency) AS grants \
             USING (client_id, currency) \
         WHERE coalesce(books.amount, 0) <> coalesce(grants.amount, 0)",
    ),
    (
        "the credit of a user is what the ledger says, less what payments have reserved",
        "SELECT count(*) FROM users WHERE credit <> \
         coalesce((SELECT sum(CASE WHEN credit = 'credit:' || users.id THEN amount \
                              ELSE -amount END) FROM ledger \
                   WHERE client_id = users.client_id \
                   AND 'credit:' || users.id IN (credit, debit)), 0) \
         - coalesce((SELECT sum(payments.credit) FROM payments \
                     WHERE payments.client_id = users.client_id AND user_id = users.id \
                     AND phase NOT IN ('succeeded', 'declined', 'cancelled')), 0)",
    ),
    (
        "a subscription has at most one payment in progress",
        "SELECT count(*) FROM (SELECT subscription_id FROM payments \
         WHERE phase IN ('created', 'sent', 'unknown') AND subscription_id IS NOT NULL \
         GROUP BY subscription_id HAVING count(*) > 1) AS broken",
    ),
    (
        "a payment that succeeded was charged once, with its amount",
        "SELECT count(*) FROM payments AS p WHERE phase = 'succeeded' AND provider = 'simulated' \
         AND 1 <> (SELECT count(*) FROM simulated_charges AS c \
                   WHERE c.client_id = p.client_id AND c.payment_id = p.id AND c.amount = p.cash \
                   AND c.status = 'succeeded')",
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
