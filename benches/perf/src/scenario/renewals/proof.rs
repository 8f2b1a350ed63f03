//! What Postgres knows of the renewals when they are made.

use crate::results::Sample;
use crate::stack::{Database, Stack};
use anyhow::Result;

/// Subscriptions with one renewal, which was charged once.
const ONCE: &str = "
    SELECT count(*)
    FROM (SELECT payments.subscription_id
          FROM simulated_charges AS charges
              JOIN payments ON payments.client_id = charges.client_id
                           AND payments.id = charges.payment_id
              JOIN grants ON grants.client_id = payments.client_id
                         AND grants.payment_id = payments.id
          WHERE charges.status = 'succeeded' AND grants.source = 'renewal'
          GROUP BY payments.subscription_id HAVING count(*) = 1) AS once";
const CHARGES: &str = "SELECT count(*) FROM simulated_charges";

/// How long after its subscription was due a payment was made, and when it had succeeded.
const ASKED: &str = "extract(epoch FROM created_at - (purpose ->> 'end_date')::timestamptz)";
const RENEWED: &str = "extract(epoch FROM settled_at - (purpose ->> 'end_date')::timestamptz)";

/// Notes how late renewals were, in seconds.
pub(super) async fn late(database: &Database, sample: &mut Sample) -> Result<()> {
    for (name, of, share) in [
        ("asked_p50_s", ASKED, 0.5),
        ("asked_p99_s", ASKED, 0.99),
        ("late_p50_s", RENEWED, 0.5),
        ("late_p99_s", RENEWED, 0.99),
        ("late_max_s", RENEWED, 1.0),
    ] {
        let sql = format!(
            "SELECT coalesce(percentile_cont({share}) WITHIN GROUP (ORDER BY {of}::float8), 0)
             FROM payments WHERE purpose ->> 'purpose' = 'renewal' AND settled_at IS NOT NULL"
        );
        sample.note(name, database.value(&sql).await?);
    }
    Ok(())
}

/// What is wrong with them, if anything is.
pub(super) async fn wrong(stack: &Stack, count: u64) -> Result<Option<String>> {
    let [once, charges]: [i64; 2] =
        [stack.database.value(ONCE).await?, stack.database.value(CHARGES).await?];
    let wanted = i64::try_from(count)?;
    if (once, charges) != (wanted, wanted) {
        return Ok(Some(format!("{once} of {count} are renewed once, by {charges} charges")));
    }
    stack.check().await
}
