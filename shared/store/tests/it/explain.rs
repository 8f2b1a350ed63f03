//! The queries of the code, and how Postgres would run them.

use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};
use std::fs;

/// The tables that grow.
pub(crate) const BIG: [&str; 11] = [
    "users",
    "subscriptions",
    "gifts",
    "grants",
    "transactions",
    "accepted_jobs",
    "payments",
    "payment_methods",
    "refunds",
    "ledger",
    "used_trials",
];

/// A query as `.sqlx` has it, and the types of its arguments.
pub(crate) struct Query {
    pub(crate) text: String,
    arguments: Vec<String>,
}

/// Every query of the code.
pub(crate) fn queries() -> Vec<Query> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.sqlx");
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
fn argument(name: &str, query: &str) -> String {
    let one = match name.trim_end_matches("Array") {
        "Bool" => "true",
        "Int2" | "Int4" | "Int8" => "10",
        // Rows to be written.
        "Text" if query.contains("::text::json") => "[]",
        "Text" => "user10@a.org",
        "Float8" => "5",
        "Bytea" => r"\xab",
        "Timestamptz" => "2030-01-01T00:00:00Z",
        "Uuid" => "00000000-0000-8000-8000-000000000001",
        other => panic!("no value of type {other}: add one"),
    };
    if name.ends_with("Array") { format!("ARRAY['{one}', '{one}']") } else { format!("'{one}'") }
}

/// The plan, for arguments known or unknown to the planner. `EXPLAIN (GENERIC_PLAN)` would need
/// Postgres 16.
pub(crate) async fn plan(connection: &mut PgConnection, query: &Query, mode: &str) -> Value {
    let casts = |name: &String| {
        let sql = name.to_lowercase().replace("array", "[]");
        format!("{}::{sql}", argument(name, &query.text))
    };
    let arguments: Vec<String> = query.arguments.iter().map(casts).collect();
    let list =
        if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
    let prepare = format!(
        "SET plan_cache_mode = {mode}; SET enable_seqscan = off; PREPARE q AS {}",
        query.text
    );
    let text = &query.text;
    raw_sql(AssertSqlSafe(prepare)).execute(&mut *connection).await.expect(text);
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE q{list}");
    let row = raw_sql(AssertSqlSafe(explain)).fetch_one(&mut *connection).await.expect(text);
    raw_sql("DEALLOCATE q").execute(connection).await.unwrap();
    serde_json::from_str(row.get_unchecked::<&str, _>(0)).unwrap()
}

/// The scans of big tables that read all of them: those without an index, or without a condition
/// on it.
pub(crate) fn whole_scans(node: &Value, found: &mut Vec<String>) {
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

/// Whether it is for an operator who looks at all there is: `worker check` and `worker books` read
/// whole tables.
pub(crate) fn is_audit(query: &Query) -> bool {
    query.text.contains("\"finding!\"")
        || query.text.contains("AS account, currency, amount AS debit")
        || query.text.contains("AS \"revenue!\"")
}
