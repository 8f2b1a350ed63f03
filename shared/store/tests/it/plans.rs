//! Every query of the code uses an index on every table that grows.
//!
//! This is about batches that are small beside the table. Where 256 commands meet a few thousand
//! rows, the planner may rightly read them all.

use crate::database::Database;
use serde_json::Value;
use shared::domain::world::Footprint;
use shared::domain::{GiftId, SubscriptionId, UserId};
use shared::store::world::{self, Wanted};
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};
use std::collections::BTreeSet;
use std::fs;
use uuid::Uuid;

const BIG: [&str; 5] = ["users", "subscriptions", "gifts", "grants", "transactions"];

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

/// A query as `.sqlx` has it, and the types of its arguments.
struct Query {
    text: String,
    arguments: Vec<String>,
}

fn queries() -> Vec<Query> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../.sqlx");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| query(&serde_json::from_slice(&fs::read(path).unwrap()).unwrap())).collect()
}

fn query(file: &Value) -> Query {
    let types = file["describe"]["parameters"]["Left"].as_array().unwrap();
    Query {
        text: file["query"].as_str().unwrap().to_owned(),
        arguments: types.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
    }
}

/// A plausible value of a type, as SQL.
fn argument(name: &str) -> String {
    let one = match name.trim_end_matches("Array") {
        "Int2" | "Int4" | "Int8" => "10",
        "Text" => "user10@a.org",
        "Bytea" => r"\xab",
        "Timestamptz" => "2030-01-01T00:00:00Z",
        "Uuid" => "00000000-0000-8000-8000-000000000001",
        other => panic!("no value of type {other}: add one"),
    };
    if name.ends_with("Array") { format!("ARRAY['{one}', '{one}']") } else { format!("'{one}'") }
}

/// The plan, for arguments known or unknown to the planner. `EXPLAIN (GENERIC_PLAN)` would need
/// Postgres 16.
async fn plan(connection: &mut PgConnection, query: &Query, mode: &str) -> Value {
    let casts = |name: &String| {
        let sql = name.to_lowercase().replace("array", "[]");
        format!("{}::{sql}", argument(name))
    };
    let arguments: Vec<String> = query.arguments.iter().map(casts).collect();
    let list =
        if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let prepare = format!("SET plan_cache_mode = {mode}; PREPARE q AS {}", query.text);
    let text = &query.text;
    raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.expect(text);
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE q{list}");
    let row = raw_sql(AssertSqlSafe(explain)).fetch_one(&mut *connection).await.expect(text);
    raw_sql("DEALLOCATE q").execute(connection).await.unwrap();
    serde_json::from_str(row.get_unchecked::<&str, _>(0)).unwrap()
}

/// The scans of big tables that read all of them: those without an index, or without a condition
/// on it.
fn whole_scans(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Array(nodes) => nodes.iter().for_each(|node| whole_scans(node, found)),
        Value::Object(members) => {
            let kind = members.get("Node Type").and_then(Value::as_str).unwrap_or_default();
            let table = members.get("Relation Name").and_then(Value::as_str);
            let whole = match kind {
                "Seq Scan" | "Sample Scan" => true,
                "Index Scan" | "Index Only Scan" => !members.contains_key("Index Cond"),
                _ => false,
            };
            let big = table.filter(|table| whole && BIG.contains(table));
            found.extend(big.map(|table| format!("{kind} on {table}")));
            members.values().for_each(|child| whole_scans(child, found));
        }
        _ => {}
    }
}

/// The scans of whole tables, each with its query.
async fn whole_scans_of_the_code(database: &Database) -> Vec<String> {
    let mut connection = database.pool.acquire().await.unwrap();
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
    let footprint = Footprint {
        users: (1..=20).map(UserId).collect(),
        gifts: (1..=20).map(GiftId).collect(),
        subscriptions: (30..=50).map(SubscriptionId).collect(),
        ..Footprint::default()
    };
    for mode in ["force_generic_plan", "force_custom_plan"] {
        let mut tx = database.begun(&format!("SET LOCAL plan_cache_mode = {mode}")).await;
        let (scans_before, fetched_before) = scans(&mut tx).await;
        let jobs = [Uuid::from_u128(1), Uuid::from_u128(2)];
        world::load(&mut tx, &footprint, &jobs, Wanted::default()).await.unwrap();
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
