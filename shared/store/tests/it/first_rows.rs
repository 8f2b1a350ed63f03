//! The first rows of an installation. To the planner all keys of an empty table that begin with the
//! client are alike: a plan that is made then may read all rows of the client.

use crate::plans::FILL;
use crate::sample::local;
use domain::{Changes, ClientId, JobId, Needs, UserId};
use store::Batch;
use support::Database;
use uuid::Uuid;

/// A batch of twenty commands.
async fn batch(store: &store::Database) {
    let users = local((1..=20).map(UserId::new));
    let jobs: Vec<_> =
        (1..=20).map(|n| (ClientId::LOCAL, JobId::new(Uuid::from_u128(n)))).collect();
    let needs = Needs { users, ..Needs::default() };
    let (batch, ..) = Batch::begin(store, &needs, &jobs).await.unwrap();
    batch.commit(&Changes::default(), &[]).await.unwrap();
}

#[tokio::test]
async fn a_connection_made_for_empty_tables_looks_rows_up_by_key_once_they_grow() {
    // Given a connection that has planned a batch while the tables were empty,
    let database = Database::create().await;
    database.run("VACUUM").await;
    let store = database.store_of(1);
    batch(&store).await;
    // when others write many rows, and it runs the next batch,
    database.run(&format!("SET session_replication_role = replica; {FILL}")).await;
    batch(&store).await;
    // then that has read a few of them. A session tells what it has read when it ends.
    drop(store);
    let ended = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
                                    AND application_name LIKE 'commerce _.%')";
    database.until(ended).await;
    let read: i64 =
        database.value("SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes").await;
    assert!((1..500).contains(&read), "{read} rows");
}
