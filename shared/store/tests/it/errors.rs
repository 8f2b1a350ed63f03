//! Every failure of Postgres has its class, and tells clients nothing of it.

use sqlx::{AssertSqlSafe, raw_sql};
use store::StoreError;
use support::Database;

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Unavailable,
    Locked,
    Conflict,
    Refused,
}

fn class(error: &StoreError) -> Class {
    match error {
        StoreError::Unavailable(_) => Class::Unavailable,
        StoreError::Locked(_) => Class::Locked,
        StoreError::Conflict(_) => Class::Conflict,
        StoreError::Refused(_) => Class::Refused,
        StoreError::Inconsistent { .. }
        | StoreError::Unwritable { .. }
        | StoreError::ClaimLost
        | StoreError::NoJobKey
        | StoreError::Migration(_)
        | StoreError::Setup(_) => panic!("{error:?}"),
    }
}

async fn failure(database: &Database, statement: &str) -> StoreError {
    raw_sql(AssertSqlSafe(statement)).execute(database.pool()).await.expect_err(statement).into()
}

#[tokio::test]
async fn every_code_of_postgres_has_its_class() {
    let database = Database::create().await;
    let table = [
        (Class::Unavailable, "08000 08003 08006 08P01 53000 53100 53200 53300 53400 40003"),
        (Class::Unavailable, "57014 57P01 57P02 57P03 57P04 57P05 25P03 25006 28000 28P01 3D000"),
        (Class::Unavailable, "3F000 42P01 42501 42703 42883 42P05 26000 0A000 55000 55006 58030"),
        (Class::Locked, "55P03"),
        (Class::Conflict, "40001 40P01 23505"),
        (Class::Refused, "22001 22003 22021 22P02 23502 23503 23514 23P01 XX000 XX001 P0001"),
    ];
    for (expected, codes) in table {
        for code in codes.split(' ') {
            let raise = format!(
                "DO $$ BEGIN RAISE EXCEPTION 'secret message' USING ERRCODE = '{code}',
                 DETAIL = 'secret detail', HINT = 'secret hint', TABLE = 'secret_table'; END $$"
            );
            let error = failure(&database, &raise).await;
            assert_eq!(class(&error), expected, "{code}");
            let public = error.public_cause();
            assert!(!public.contains("secret"), "{public}");
            assert_eq!(public.contains(code), expected == Class::Refused, "{public}");
        }
    }
}

#[tokio::test]
async fn what_sql_can_break_by_itself_is_classed_and_says_nothing() {
    let database = Database::create().await;
    database
        .run("INSERT INTO users (client_id, email, created_at) VALUES (2, 'ann@a.org', now())")
        .await;
    for (statement, expected, public) in [
        (
            "INSERT INTO users (client_id, email, created_at) VALUES (2, 'ANN@a.org', now())",
            Class::Conflict,
            "another transaction was in the way",
        ),
        ("UPDATE users SET email = 'x'", Class::Refused, "the database refused it (23514)"),
        ("UPDATE users SET client_id = 9", Class::Refused, "the database refused it (23503)"),
        ("UPDATE users SET email = NULL", Class::Refused, "the database refused it (23502)"),
        ("SELECT 'ann@a.org'::bigint", Class::Refused, "the database refused it (22P02)"),
        ("SELECT 9223372036854775807 + 1", Class::Refused, "the database refused it (22003)"),
        ("SELECT secret FROM users", Class::Unavailable, "Postgres cannot be reached"),
        (
            "SET TRANSACTION READ ONLY; UPDATE users SET email = 'new@a.org'",
            Class::Unavailable,
            "Postgres cannot be reached",
        ),
    ] {
        let error = failure(&database, statement).await;
        assert_eq!(class(&error), expected, "{statement}");
        assert_eq!(error.public_cause(), public, "{statement}");
    }
}

#[tokio::test]
async fn a_nul_byte_is_refused() {
    let database = Database::create().await;
    let insert = "INSERT INTO clients (name) VALUES ($1)";
    let done = sqlx::query(insert).bind("a\0b").execute(database.pool()).await;
    assert_eq!(class(&done.unwrap_err().into()), Class::Refused);
}

#[tokio::test]
async fn a_column_that_is_not_what_the_code_expects_is_refused() {
    let database = Database::create().await;
    let read = sqlx::query_scalar::<_, i64>("SELECT name FROM clients").fetch_one(database.pool());
    let error: StoreError = read.await.unwrap_err().into();
    assert_eq!(
        (class(&error), error.public_cause().as_str()),
        (Class::Refused, "Postgres refused")
    );
    let none = sqlx::query_scalar::<_, i64>("SELECT id FROM users").fetch_one(database.pool());
    assert_eq!(class(&none.await.unwrap_err().into()), Class::Refused);
}

#[tokio::test]
async fn a_deadlock_is_a_conflict() {
    let database = Database::create().await;
    let lock = |id| format!("SELECT id FROM clients WHERE id = {id} FOR UPDATE");
    let soon = "SET LOCAL deadlock_timeout = '50ms'";
    let mut first = database.begun(&format!("{soon}; {}", lock(1))).await;
    let mut second = database.begun(&format!("{soon}; {}", lock(2))).await;
    let (one, two) = tokio::join!(raw_sql(AssertSqlSafe(lock(2))).execute(&mut *first), async {
        let locked = raw_sql(AssertSqlSafe(lock(1))).execute(&mut *second).await;
        // Whoever is not the victim goes on when the victim is gone.
        second.rollback().await.unwrap();
        locked
    });
    let error = one.err().or(two.err()).expect("a deadlock");
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "40P01");
    let error = StoreError::from(error);
    assert_eq!(class(&error), Class::Conflict);
    assert_eq!(error.public_cause(), "another transaction was in the way");
}

#[tokio::test]
async fn a_statement_that_ran_out_of_time_is_nobodys_fault() {
    let database = Database::create().await;
    let error = failure(&database, "SET statement_timeout = '20ms'; SELECT pg_sleep(5)").await;
    assert_eq!(class(&error), Class::Unavailable);
}
