//! `PgBouncer` before Postgres. Where there is none, these tests say so and pass.

use crate::sample::end;
use domain::{Changes, ClientId, Needs, UserId};
use store::{Batch, Finish, Fitted, Migrated, StoreError, reads};
use support::{Database, PgBouncer};
use tokio::task::JoinSet;

const TRANSACTION: &str = "pool_mode = transaction\nmax_prepared_statements = 200";

fn is_missing() -> bool {
    let missing = PgBouncer::version().is_none();
    if missing {
        eprintln!("skipped: no pgbouncer in the PATH");
    }
    missing
}

async fn fitted(bouncer: &PgBouncer) -> Result<Fitted, StoreError> {
    store::Database::new(bouncer.url(), 4).unwrap().fitted().await
}

/// Batches and reads at once, many more than there are sessions of Postgres.
async fn use_by_many(store: &store::Database) {
    let mut tasks = JoinSet::new();
    for user in 1..=40 {
        let store = store.clone();
        tasks.spawn(async move {
            let users = [(ClientId::LOCAL, UserId::new(user))].into();
            let needs = Needs { users, ..Needs::default() };
            let (batch, ..) = Batch::begin(&store, &needs, &[]).await.unwrap();
            batch.commit(&Changes::default(), &[]).await.unwrap();
            assert!(
                reads::user(&store, ClientId::LOCAL, UserId::new(user)).await.unwrap().is_none()
            );
            assert!(
                reads::gift(&store, ClientId::LOCAL, domain::GiftId::new(1))
                    .await
                    .unwrap()
                    .is_none()
            );
        });
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn without_a_pooler_there_is_nothing_to_say() {
    let database = Database::create().await;
    let Fitted { database, warning } = database.store_of(2).fitted().await.unwrap();
    assert_eq!(warning, None);
    use_by_many(&database).await;
}

#[tokio::test]
async fn in_session_mode_everything_is_as_without_it() {
    if is_missing() {
        return;
    }
    let database = Database::create().await;
    for more in ["", "ignore_startup_parameters = options,extra_float_digits"] {
        let settings = format!("pool_mode = session\n{more}");
        let bouncer = PgBouncer::start(&database.url(), &settings).await.unwrap();
        let Fitted { database: store, warning } = fitted(&bouncer).await.unwrap();
        assert_eq!(warning, None);
        assert_eq!(store.migrate(Finish::WhenAlone).await.unwrap(), Migrated::Finished);
        use_by_many(&store).await;
        // The limits hold.
        let holder = database.begun("LOCK TABLE users").await;
        let user = [(ClientId::LOCAL, UserId::new(1))].into();
        let needs = Needs { users: user, ..Needs::default() };
        let error = Batch::begin(&store, &needs, &[]).await.err().unwrap();
        assert!(matches!(error, StoreError::Locked(_)), "{error:?}");
        holder.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn in_transaction_mode_it_works_where_prepared_statements_are_kept() {
    if PgBouncer::version().is_none_or(|version| version < PgBouncer::KEEPS_STATEMENTS) {
        eprintln!("skipped: no pgbouncer of release 1.21 or later in the PATH");
        return;
    }
    let database = Database::empty().await;
    let bouncer = PgBouncer::start(&database.url(), TRANSACTION).await.unwrap();
    let mut starts = JoinSet::new();
    for _ in 0..4 {
        let url = bouncer.url().to_owned();
        starts.spawn(async move {
            let Fitted { database, warning } =
                store::Database::new(&url, 4).unwrap().fitted().await.unwrap();
            (database.migrate(Finish::WhenAlone).await.unwrap(), warning, database)
        });
    }
    for (migrated, warning, store) in starts.join_all().await {
        assert_eq!(migrated, Migrated::Finished);
        let warning = warning.unwrap();
        assert!(warning.contains("SET statement_timeout = '10000'"), "{warning}");
        use_by_many(&store).await;
    }
    // No lock has stayed with a session of the pooler: starting again needs none.
    let advisory = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
                    (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(database.value::<i64>(advisory).await, 0);
    let Fitted { database: store, .. } = fitted(&bouncer).await.unwrap();
    assert_eq!(store.migrate(Finish::WhenAlone).await.unwrap(), Migrated::Finished);
    // The limits of batches hold.
    let holder = database.begun("LOCK TABLE users").await;
    let user = [(ClientId::LOCAL, UserId::new(1))].into();
    let needs = Needs { users: user, ..Needs::default() };
    let error = Batch::begin(&store, &needs, &[]).await.err().unwrap();
    assert!(matches!(error, StoreError::Locked(_)), "{error:?}");
    holder.rollback().await.unwrap();
    let (batch, ..) = Batch::begin(&store, &needs, &[]).await.unwrap();
    end(batch).await;
}

#[tokio::test]
async fn in_transaction_mode_it_is_refused_where_prepared_statements_are_lost() {
    if is_missing() {
        return;
    }
    let database = Database::create().await;
    let is_old = PgBouncer::version().unwrap() < PgBouncer::KEEPS_STATEMENTS;
    let more = if is_old { "" } else { "max_prepared_statements = 0" };
    let settings = format!("pool_mode = transaction\n{more}");
    let bouncer = PgBouncer::start(&database.url(), &settings).await.unwrap();
    let error = fitted(&bouncer).await.err().unwrap();
    assert!(matches!(error, StoreError::Setup(_)) && !error.may_pass_soon(), "{error:?}");
    for cure in ["max_prepared_statements = 200", "pool_mode = session"] {
        assert!(error.to_string().contains(cure), "{error}");
    }
}
