//! Every query of the code uses an index on every table that grows.
//!
//! This is about batches that are small beside the table. Where 256 commands meet a few thousand
//! rows, the planner may rightly read them all.

use crate::explain::{BIG, Query, plan, queries, whole_scans};
use sqlx::{PgConnection, Row, raw_sql};
use std::collections::BTreeSet;
use support::Database;

/// 20,000 of everything, of which 20 are due.
const FILL: &str = "
    INSERT INTO users (client_id, email, created_at)
    SELECT 2, 'user' || n || '@a.org', now() FROM generate_series(1, 20000) AS n;
    INSERT INTO subscriptions (user_id, plan, status, months, start_date, end_date, created_at,
                               updated_at)
    SELECT id, 'monthly', 'active', 1, now() - interval '1 year',
           now() + (id - 20) * interval '1 minute', now(), now() FROM users;
    INSERT INTO gifts (gifter_id, recipient_email, status, months, expires_at, created_at)
    SELECT id, 'bea@a.org', 'pending', 1, now() + (id - 20) * interval '1 minute', now()
    FROM users;
    INSERT INTO grants (subscription_id, source, months, job_id, granted_at)
    SELECT id, 'purchase', 1, gen_random_uuid(), now() FROM subscriptions;
    INSERT INTO transactions (job_id, client_id, idempotency_key, fingerprint, operation, entity_id,
                              status, body, attempts, submitted_at, finished_at)
    SELECT gen_random_uuid(), 2, 'key' || id, decode(repeat('ab', 32), 'hex'), 'subscribe', id,
           201, '{}', 1, now(), now() FROM subscriptions;
    ANALYZE";

/// The scans of whole tables, each with its query.
async fn whole_scans_of_the_code(database: &Database) -> Vec<String> {
    let mut connection = database.pool().acquire().await.unwrap();
    let mut all = Vec::new();
    for query in queries() {
        for mode in ["force_generic_plan", "force_custom_plan"] {
            let mut found = Vec::new();
            whole_scans(&plan(&mut connection, &query, mode).await, &mut found);
            all.extend(found.into_iter().map(|scan| format!("{scan}, {mode}:\n{}", query.text)));
        }
    }
    all
}

#[tokio::test]
async fn every_query_uses_an_index_on_tables_that_grow() {
    let database = Database::create().await;
    database.run(FILL).await;
    let found = whole_scans_of_the_code(&database).await;
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// After a long time without a worker, say: a plan must not depend on how much is due.
#[tokio::test]
async fn every_query_uses_an_index_when_everything_is_due() {
    let database = Database::create().await;
    database.run(FILL).await;
    let due = "UPDATE subscriptions SET end_date = now() - interval '1 day';
               UPDATE gifts SET expires_at = now() - interval '1 day';
               ANALYZE";
    database.run(due).await;
    let found = whole_scans_of_the_code(&database).await;
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[tokio::test]
async fn a_missing_index_would_be_noticed() {
    let database = Database::create().await;
    database.run(FILL).await;
    for (index, scan) in [
        ("users_email_key", "on users"),
        ("subscriptions_due_idx", "on subscriptions"),
        ("gifts_due_idx", "on gifts"),
    ] {
        database.run(&format!("DROP INDEX {index}")).await;
        let found = whole_scans_of_the_code(&database).await;
        assert!(found.iter().any(|found| found.contains(scan)), "{index}: {found:?}");
    }
}

/// The call of a batch of 60 commands.
const LOAD: &str = "
    SELECT load_batch(
        ARRAY(SELECT generate_series(1, 20)::bigint),
        ARRAY(SELECT generate_series(1, 20)::bigint),
        ARRAY(SELECT generate_series(30, 50)::bigint),
        ARRAY['00000000-0000-0000-0000-000000000001',
              '00000000-0000-0000-0000-000000000002']::uuid[], 0, 0, 0)";

/// Scans of whole tables and rows looked up by index that this connection has made lately: the only
/// trace of the statements in a function.
async fn scans(connection: &mut PgConnection) -> (i64, i64) {
    let seen = "SELECT coalesce(sum(seq_scan), 0)::bigint, coalesce(sum(idx_tup_fetch), 0)::bigint
                FROM pg_stat_xact_user_tables";
    let seen = sqlx::query(seen).fetch_one(connection).await.unwrap();
    (seen.get(0), seen.get(1))
}

#[tokio::test]
async fn loading_a_batch_scans_no_whole_table() {
    let database = Database::create().await;
    database.run(FILL).await;
    for mode in ["force_generic_plan", "force_custom_plan"] {
        let mut tx = database.begun(&format!("SET LOCAL plan_cache_mode = {mode}")).await;
        let (scans_before, fetched_before) = scans(&mut tx).await;
        raw_sql(LOAD).execute(&mut *tx).await.unwrap();
        let (scans_after, fetched_after) = scans(&mut tx).await;
        assert_eq!(scans_after, scans_before, "{mode}");
        let fetched = fetched_after - fetched_before;
        assert!((1..500).contains(&fetched), "{mode}: {fetched} rows");
    }
}

#[test]
fn the_queries_of_the_whole_workspace_are_looked_at() {
    let queries = queries();
    assert!(queries.len() >= 15, "{} queries in .sqlx", queries.len());
    let words =
        |query: &Query| query.text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    let named: BTreeSet<String> = queries.iter().flat_map(words).collect();
    for table in BIG {
        assert!(named.contains(table), "no query on {table}");
    }
}
