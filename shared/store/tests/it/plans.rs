//! Every query of the code uses an index on every table that grows.
//!
//! This is about batches that are small beside the table. Where 256 commands meet a few thousand
//! rows, the planner may rightly read them all.

use crate::explain::{BIG, Query, is_audit, plan, queries, whole_scans};
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};
use std::collections::BTreeSet;
use support::Database;

/// 20,000 of everything, of which 20 are due.
pub(crate) const FILL: &str = "
    INSERT INTO users (client_id, email, external_id, created_at)
    SELECT 2, 'user' || n || '@a.org', 'user' || n, now() FROM generate_series(1, 20000) AS n;
    INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months, start_date,
                               end_date, due_at, created_at, updated_at)
    SELECT 2, true, id, 'monthly', 'active', 1, now() - interval '1 year',
           now() + (id - 20) * interval '1 minute', now() + (id - 20) * interval '1 minute',
           now(), now() FROM users;
    INSERT INTO gifts (client_id, livemode, gifter_id, recipient_email, status, months, expires_at,
                       due_at, created_at)
    SELECT 2, true, id, 'bea@a.org', 'pending', 1, now() + (id - 20) * interval '1 minute',
           now() + (id - 20) * interval '1 minute', now()
    FROM users;
    INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at)
    SELECT 2, id, 'purchase', 1, gen_random_uuid(), now() FROM subscriptions;
    INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint, operation,
                              entity_id, status, body, attempts, submitted_at, decided_at,
                              finished_at)
    SELECT gen_random_uuid(), 2, 'client', 'key' || id, decode(repeat('ab', 32), 'hex'),
           'subscribe', id, 201, '{}', 1, now(), now(), now() FROM subscriptions;
    INSERT INTO accepted_jobs (client_id, job_id, fingerprint, submitted_at, payload)
    SELECT client_id, gen_random_uuid(), fingerprint, submitted_at, '{}' FROM transactions;
    UPDATE accepted_jobs SET job_id = '00000000-0000-0000-0000-000000000001'
    WHERE job_id = (SELECT min(job_id::text)::uuid FROM accepted_jobs);
    INSERT INTO payment_methods (client_id, user_id, provider, reference, status, created_at)
    SELECT 2, id, 'simulated', 'sim_ok', 'pending', now() FROM users;
    INSERT INTO payments (client_id, user_id, subscription_id, purpose, plan, plan_version, amount,
                          cash, credit, currency, provider, method_id, phase, job_id, created_at,
                          expires_at)
    SELECT 2, user_id, id, '{}', plan, 1, 1000, 1000, 0, 'USD', 'simulated', id, 'sent',
           gen_random_uuid(), now(), now() FROM subscriptions;
    INSERT INTO refunds (client_id, payment_id, amount, currency, status, is_of_late_money, cancels,
                         job_id, created_at)
    SELECT 2, id, 1, 'USD', 'pending', false, false, job_id, now() FROM payments;
    UPDATE grants SET payment_id = id;
    INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
    SELECT 2, job_id, 'cash', 'deferred', 'USD', 1000, now() FROM payments;
    INSERT INTO used_trials (client_id, user_id, tier, email_hash)
    SELECT 2, id, 'gold', sha256(convert_to(email, 'UTF8')) FROM users;";

/// A database with those rows, which the planner knows of.
async fn filled() -> Database {
    let database = Database::create().await;
    database.run(FILL).await;
    database.run("ANALYZE").await;
    database
}

/// The scans of whole tables, each with its query.
async fn whole_scans_of_the_code(database: &Database) -> Vec<String> {
    let mut connection = database.pool().acquire().await.unwrap();
    let mut all = Vec::new();
    for query in queries().into_iter().filter(|query| !is_audit(query)) {
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
    let database = filled().await;
    let found = whole_scans_of_the_code(&database).await;
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

/// After a long time without a worker, say: a plan must not depend on how much is due.
#[tokio::test]
async fn every_query_uses_an_index_when_everything_is_due() {
    let database = filled().await;
    let due = "UPDATE subscriptions SET end_date = now() - interval '1 day',
                                        due_at = now() - interval '1 day';
               UPDATE gifts SET expires_at = now() - interval '1 day',
                                due_at = now() - interval '1 day';
               ANALYZE";
    database.run(due).await;
    let found = whole_scans_of_the_code(&database).await;
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[tokio::test]
async fn a_missing_index_would_be_noticed() {
    let database = filled().await;
    for (index, scan) in
        [("subscriptions_due_live_idx", "on subscriptions"), ("gifts_due_live_idx", "on gifts")]
    {
        database.run(&format!("DROP INDEX {index}")).await;
        let found = whole_scans_of_the_code(&database).await;
        assert!(found.iter().any(|found| found.contains(scan)), "{index}: {found:?}");
    }
}

/// The calls of a batch of some 60 commands, and of one of what is due.
const LOADS: [&str; 11] = [
    "peek_rows(NEEDS::jsonb)",
    "find_money(NEEDS)",
    "load_unlocked(find_money(NEEDS))",
    "load_money(NEEDS, (load_rows(find_money(NEEDS)::jsonb)).loaded,
                '{\"amount\":1,\"trial_days\":1}')",
    "grants_of(2, 30)",
    "load_rows(NEEDS::jsonb)",
    "load_rows(find_external_ids(NEEDS)::jsonb)",
    "load_all('batch', NEEDS::jsonb, '{2}')",
    "load_unlocked(NEEDS)",
    "take_accepted_jobs(NEEDS::jsonb)",
    "line_of(2, 30)",
];
const NEEDS: &str = "
    json_build_object(
        'users', (SELECT json_agg(json_build_object('client_id', 2, 'id', n))
                  FROM generate_series(1, 20) AS n),
        'emails', (SELECT json_agg(json_build_object('client_id', 2, 'email',
                                                     'user' || n || '@a.org'))
                   FROM generate_series(60, 70) AS n),
        'external_ids', (SELECT json_agg(json_build_object('client_id', 2,
                                                           'external_id', 'user' || n))
                         FROM generate_series(80, 90) AS n),
        'gifts', (SELECT json_agg(json_build_object('client_id', 2, 'id', n))
                  FROM generate_series(1, 20) AS n),
        'subscriptions', (SELECT json_agg(json_build_object('client_id', 2, 'id', n))
                          FROM generate_series(30, 50) AS n),
        'jobs', json_build_array(
            json_build_object('client_id', 2, 'job_id', '00000000-0000-0000-0000-000000000001'),
            json_build_object('client_id', 2, 'job_id', '00000000-0000-0000-0000-000000000002')),
        'owners_of', (SELECT json_agg(json_build_object('client_id', 2, 'id', n))
                      FROM generate_series(30, 40) AS n),
        'grants_of', (SELECT json_agg(json_build_object('client_id', 2, 'id', n))
                      FROM generate_series(30, 40) AS n),
        'methods', json_build_array(json_build_object('client_id', 2, 'id', 1)),
        'refunds', json_build_array(json_build_object('client_id', 2, 'id', 1)),
        'plans', json_build_array(json_build_object('client_id', 2, 'code', 'monthly')),
        'money', true, 'trials', true,
        'new_users', 0, 'new_gifts', 0, 'new_subscriptions', 0)";

/// Scans of whole tables, but for those that do not grow, and rows looked up by index that this
/// connection has made lately: the only trace of the statements in a function.
async fn scans(connection: &mut PgConnection) -> (i64, i64) {
    let seen = "SELECT coalesce(sum(seq_scan), 0)::bigint, coalesce(sum(idx_tup_fetch), 0)::bigint
                FROM pg_stat_xact_user_tables
                WHERE relname NOT IN ('trial_email_key', 'plans', 'plan_versions', 'test_clocks')";
    let seen = sqlx::query(seen).fetch_one(connection).await.unwrap();
    (seen.get(0), seen.get(1))
}

#[tokio::test]
async fn loading_a_batch_scans_no_whole_table() {
    let database = filled().await;
    let wait = "INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months,
                                           start_date, end_date, created_at, updated_at)
                SELECT 2, true, id, 'monthly', 'scheduled', 1, now(), now(), now(), now()
                FROM users WHERE id % 10 = 0;
                ANALYZE";
    database.run(wait).await;
    let modes = ["force_generic_plan", "force_custom_plan"];
    for (load, mode) in LOADS.iter().flat_map(|load| modes.map(|mode| (load, mode))) {
        let call = format!("SELECT {}", load.replace("NEEDS", NEEDS));
        let mut tx = database.begun(&format!("SET LOCAL plan_cache_mode = {mode}")).await;
        let (scans_before, fetched_before) = scans(&mut tx).await;
        raw_sql(AssertSqlSafe(call)).execute(&mut *tx).await.unwrap();
        let (scans_after, fetched_after) = scans(&mut tx).await;
        assert_eq!(scans_after, scans_before, "{load} {mode}");
        let fetched = fetched_after - fetched_before;
        assert!((1..500).contains(&fetched), "{load} {mode}: {fetched} rows");
    }
}

#[test]
fn the_queries_of_the_whole_workspace_are_looked_at() {
    let queries = queries();
    assert!(queries.len() >= 12, "{} queries in .sqlx", queries.len());
    let words =
        |query: &Query| query.text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
    let named: BTreeSet<String> = queries.iter().flat_map(words).collect();
    for table in BIG {
        assert!(named.contains(table), "no query on {table}");
    }
}
