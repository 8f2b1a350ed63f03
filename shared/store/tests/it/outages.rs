//! A Postgres that went away is unavailable, however it went, and usable when it is back.

use domain::{Changes, ClientId, Needs, UserId};
use sqlx::raw_sql;
use std::time::Duration;
use store::{Batch, StoreError, reads};
use support::{Database, rows};
use tokio::time::Instant;

/// Ends every connection to this database but the one that asks.
const END_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                          WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[track_caller]
fn assert_unavailable(error: impl Into<StoreError>) {
    let error = error.into();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(error.public_cause(), "Postgres cannot be reached");
}

/// What a request meets when nothing listens.
async fn assert_refused_in_time(store: &store::Database) {
    let begun = Instant::now();
    assert_unavailable(reads::user(store, ClientId::LOCAL, UserId::new(1)).await.unwrap_err());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_connection_ended_between_statements_is_unavailable() {
    let database = Database::create().await;
    let store = database.store_of(1);
    let (batch, ..) = Batch::begin(&store, &Needs::default(), &[]).await.unwrap();
    database.run(END_OTHERS).await;
    assert_unavailable(batch.commit(&Changes::default(), &[]).await.unwrap_err());
    // And the handle gets over it.
    store.takes_writes().await.unwrap();
}

#[tokio::test]
async fn a_connection_ended_within_a_statement_is_unavailable() {
    let database = Database::create().await;
    let mut holder = database.begun("LOCK TABLE users").await;
    let store = database.store_of(1);
    let reading =
        tokio::spawn(async move { reads::user(&store, ClientId::LOCAL, UserId::new(1)).await });
    database.until_blocked(1).await;
    raw_sql(END_OTHERS).execute(&mut *holder).await.unwrap();
    assert_unavailable(reading.await.unwrap().unwrap_err());
}

#[tokio::test]
async fn idle_connections_ended_meanwhile_are_not_noticed_by_the_next_read() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let store = database.store_of(2);
    for _ in 0..3 {
        assert!(reads::user(&store, ClientId::LOCAL, ann).await.unwrap().is_some());
        database.run(END_OTHERS).await;
    }
}

#[tokio::test]
async fn a_transaction_that_idles_is_ended_by_postgres_and_unavailable() {
    let database = Database::create().await;
    let bound = "SET LOCAL idle_in_transaction_session_timeout = '20ms'";
    let mut tx = database.begun(bound).await;
    let gone = "SELECT count(*) = 0 FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'idle in transaction'";
    database.until(gone).await;
    assert_unavailable(raw_sql("SELECT 1").execute(&mut *tx).await.unwrap_err());
}

#[tokio::test]
async fn nothing_listening_is_unavailable_within_seconds() {
    // Port 1 is nobody's.
    let store = store::Database::new("postgres://postgres@127.0.0.1:1/none", 2).unwrap();
    assert_refused_in_time(&store).await;
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_is_unavailable_within_seconds() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://postgres@{}/none", listener.local_addr().unwrap());
    assert_refused_in_time(&store::Database::new(&url, 2).unwrap()).await;
}

#[tokio::test]
async fn a_handle_without_a_free_connection_is_unavailable_within_seconds() {
    let database = Database::create().await;
    let store = database.store_of(1);
    let (held, ..) = Batch::begin(&store, &Needs::default(), &[]).await.unwrap();
    assert_refused_in_time(&store).await;
    drop(held);
    store.takes_writes().await.unwrap();
}

#[tokio::test]
async fn a_url_that_makes_no_sense_is_an_error_without_the_password_in_it() {
    for url in ["nonsense", "postgres://a:hunter2@h:port/d", "postgres://a:hunter2@:1:2/d"] {
        let error = store::Database::new(url, 1).err().unwrap();
        let shown = format!("{} {error} {error:?}", error.public_cause());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
