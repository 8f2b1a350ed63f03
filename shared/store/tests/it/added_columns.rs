//! A column that a later release adds neither breaks this release nor is changed by it. Both run at
//! once while a release is rolled out.

use crate::decided_batch::apply;
use crate::main_path;
use crate::sample::{begin, local};
use domain::{Needs, UserId};
use sqlx::query_scalar;
use store::{Batch, StoreError};
use support::Database;
use support::commands::create_user;

/// Names that the columns of a shop have, and names that our statements give to what they compute.
const LIKELY: &str = "
    client_id id status note plan user_id months email created_at updated_at livemode due_at now
    body page price currency amount name kind type state origin input metadata external_id
    decided_at deleted_at position attempts limit size place before asked owner wanted found active
    due used written client excluded u g s k c";

/// Every column and every table of the schema, and every argument of its functions.
const NAMES_OF_THE_SCHEMA: &str = "
    SELECT attname::text FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
    UNION SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    UNION SELECT unnest(proargnames) FROM pg_proc WHERE pronamespace = 'public'::regnamespace";

/// Every table of ours.
const TABLES: &str = "
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname !~ '^_sqlx'";

async fn tables(database: &Database) -> Vec<String> {
    query_scalar(TABLES).fetch_all(database.pool()).await.unwrap()
}

/// Adds to every table those of the columns that it does not have. Their type and their value are
/// of no use to any statement of ours.
async fn add_columns(database: &Database, names: &[String]) {
    for table in tables(database).await {
        let additions: Vec<String> = names
            .iter()
            .map(|name| format!(r#"ADD COLUMN IF NOT EXISTS "{name}" text DEFAULT 'kept'"#))
            .collect();
        database.run(&format!("ALTER TABLE {table} {}", additions.join(", "))).await;
    }
}

/// Checks that every table has rows, and that all of them have what was in the added columns.
async fn check_kept(database: &Database) {
    for table in tables(database).await {
        let counts = format!(
            "SELECT ARRAY[count(*), count(*) FILTER (WHERE member.value IS DISTINCT FROM 'kept')]
             FROM {table} AS whole_row, jsonb_each_text(to_jsonb(whole_row)) AS member (key, value)
             WHERE member.key IN (SELECT column_name FROM information_schema.columns
                           WHERE table_name = '{table}' AND column_default = '''kept''::text')"
        );
        let counts: Vec<i64> = database.value(&counts).await;
        assert!(counts[0] > 0, "no row of {table} was looked at");
        assert_eq!(counts[1], 0, "values of added columns of {table} that changed");
    }
}

#[tokio::test]
async fn the_main_path_does_not_notice_columns_of_likely_names() {
    let database = Database::create().await;
    let of_schema = query_scalar(NAMES_OF_THE_SCHEMA).fetch_all(database.pool()).await;
    let mut names: Vec<String> = of_schema.unwrap();
    names.extend(LIKELY.split_whitespace().map(str::to_owned));
    add_columns(&database, &names).await;

    main_path::run(&database).await;
    check_kept(&database).await;
}

/// What every test here relies on: the path alone, in the schema as it is.
#[tokio::test]
async fn the_main_path_passes_in_the_schema_as_it_is() {
    main_path::run(&Database::create().await).await;
}

/// A function that loads whole rows beside a computed column of the same name.
#[tokio::test]
async fn a_statement_that_names_no_columns_would_be_noticed() {
    let database = Database::create().await;
    let definition = "SELECT pg_get_functiondef('load_rows(jsonb)'::regprocedure)";
    let definition: String = database.value(definition).await;
    let whole = definition
        .replace("FROM users AS user_row", "FROM (SELECT *, 1 AS note FROM users) AS user_row");
    assert_ne!(whole, definition);
    database.run(&whole).await;
    apply(&database, &[("ann", create_user("ann@a.org"))]).await.unwrap();
    let needs = Needs { users: local([UserId::new(1)]), ..Needs::default() };
    begin(&database, &needs).await;

    add_columns(&database, &["email_key".to_owned(), "note".to_owned()]).await;
    let whole = whole.replace("1 AS note", "1 AS email");
    database.run(&whole).await;
    let error = Batch::begin(database.store(), &needs, &[]).await.err().unwrap();
    assert!(matches!(error, StoreError::Refused(sqlx::Error::Decode(_))), "{error:?}");
}
