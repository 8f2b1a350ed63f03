//! The two migrations by client, with release 0.2.0 working beside them.

use crate::decided_batch::apply;
use crate::release_before::{ReleaseBefore, Written};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, query_scalar};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::{Finish, Migrated};
use support::Database;
use support::commands::{create_user, subscribe};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Rows that are not as the migrations promise, counted by what is wrong. Each must be zero.
const WRONG: &[&str] = &[
    "SELECT count(*) FROM subscriptions s JOIN users u ON u.id = s.user_id
     JOIN clients c ON c.id = u.client_id
     WHERE (s.client_id, s.livemode) IS DISTINCT FROM (u.client_id, c.livemode)
        OR s.due_at IS DISTINCT FROM CASE s.status WHEN 'active' THEN s.end_date END",
    "SELECT count(*) FROM gifts g JOIN users u ON u.id = g.gifter_id
     JOIN clients c ON c.id = u.client_id
     WHERE (g.client_id, g.livemode) IS DISTINCT FROM (u.client_id, c.livemode)
        OR g.due_at IS DISTINCT FROM CASE g.status WHEN 'pending' THEN g.expires_at END",
    "SELECT count(*) FROM grants g JOIN subscriptions s ON s.id = g.subscription_id
     WHERE g.client_id IS DISTINCT FROM s.client_id",
    "SELECT count(*) FROM transactions
     WHERE origin IS DISTINCT FROM CASE client_id WHEN 1 THEN 'internal' ELSE 'client' END
        OR decided_at IS DISTINCT FROM finished_at OR input IS NOT NULL",
];

async fn check_rows(database: &Database) {
    // These look at whole tables, which the settings of the product forbid.
    let mut tx = database.begun("SET LOCAL enable_seqscan = on").await;
    for wrong in WRONG {
        let count: i64 = query_scalar(*wrong).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(count, 0, "{wrong}");
    }
}

/// Batches of the release before in a loop, until told to stop. Returns what they made.
fn batches(
    release: &ReleaseBefore,
    name: &'static str,
    stop: &Arc<AtomicBool>,
) -> JoinHandle<Vec<Written>> {
    let (release, stop) = (release.clone(), stop.clone());
    tokio::spawn(async move {
        let mut made: Vec<Written> = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let key = format!("{name}.{}", made.len());
            match release.batch(&key, made.last()).await {
                Ok(written) => made.push(written),
                Err(error) => assert!(is_conflict(&error), "a batch: {error}"),
            }
            match release.sweep().await {
                Ok(()) => {}
                Err(error) => assert!(is_conflict(&error), "a sweep: {error}"),
            }
        }
        made
    })
}

/// Whether the release tries it again at once.
fn is_conflict(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("40P01" | "55P03"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_release_before_works_beside_it_and_what_breaks_off_is_gone_on_with() {
    let database = Database::empty().await;
    let release = ReleaseBefore::start(&database).await;
    release.fill().await;
    let stop = Arc::new(AtomicBool::new(false));
    let tasks = ["a", "b"].map(|name| batches(&release, name, &stop));

    for reached in [
        "SELECT to_regclass('subscriptions_unfilled_idx') IS NOT NULL",
        "SELECT EXISTS (SELECT FROM gifts WHERE id <= 5000 AND client_id IS NOT NULL)",
        "SELECT to_regclass('users_new_pkey') IS NOT NULL",
    ] {
        let store = database.store_of(2);
        let broken_off = tokio::spawn(async move { store.migrate(Finish::WhenAlone).await });
        database.until(reached).await;
        broken_off.abort();
    }
    let store = database.store_of(2);
    let migrated = store.migrate(Finish::WhenAlone).await.unwrap();
    assert!(
        matches!(&migrated, Migrated::Waits(who) if who.contains("without a name")),
        "{migrated:?}"
    );
    check_rows(&database).await;

    // Both releases work in the schema between the migrations.
    let made = apply(&database, &[("ann", create_user("ann@a.org"))]).await.unwrap();
    let ann = made[0].entity.unwrap();
    assert_eq!(
        apply(&database, &[("first", subscribe(ann))]).await.unwrap()[0].answer().unwrap().status,
        201
    );
    sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);
    let mut made: Vec<Written> = Vec::new();
    for task in tasks {
        let of_task = task.await.unwrap();
        assert!(of_task.len() > 20, "{} batches", of_task.len());
        made.extend(of_task);
    }
    check_rows(&database).await;
    for ids in [
        made.iter().map(|made| made.user).collect::<BTreeSet<_>>(),
        made.iter().map(|made| made.subscription).collect(),
        made.iter().map(|made| made.gift).collect(),
    ] {
        assert_eq!(ids.len(), made.len(), "an id was drawn twice");
    }

    // The last migration waits until the sessions of the release before are gone.
    assert!(matches!(store.migrate(Finish::WhenAlone).await.unwrap(), Migrated::Waits(_)));
    release.stop().await;
    let mut migrated = store.migrate(Finish::WhenAlone).await.unwrap();
    while migrated != Migrated::Finished {
        sleep(Duration::from_millis(50)).await;
        migrated = store.migrate(Finish::WhenAlone).await.unwrap();
    }
    check_rows(&database).await;
    assert_same_schema(&database).await;
    assert_eq!(
        apply(&database, &[("again", subscribe(ann))]).await.unwrap()[0].answer().unwrap().status,
        409
    );
    assert_eq!(apply(&database, &[("bea", create_user("bea@a.org"))]).await.unwrap().len(), 1);
}

/// The schema by its catalogue: every column, constraint, index and function.
const SCHEMA: &str = "
    SELECT concat_ws(' ', attrelid::regclass, attname, atttypid::regtype, attnotnull,
                     pg_get_expr(adbin, adrelid))
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid::regclass::text = ANY('{users,subscriptions,gifts,grants,transactions}')
      AND attnum > 0
    UNION ALL
    SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisready)
    FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class
                                     WHERE relnamespace = 'public'::regnamespace)
    UNION ALL
    SELECT concat_ws(' ', proname, pg_get_function_arguments(oid)) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    ORDER BY 1";

/// However a database came here, it has the schema of a new one.
async fn assert_same_schema(database: &Database) {
    let new = Database::create().await;
    let of = async |database: &Database| -> Vec<String> {
        query_scalar(AssertSqlSafe(SCHEMA)).fetch_all(database.pool()).await.unwrap()
    };
    assert_eq!(of(database).await, of(&new).await);
}

#[tokio::test]
async fn an_index_whose_building_broke_off_is_built_again() {
    let database = Database::empty().await;
    let release = ReleaseBefore::start(&database).await;
    release.fill().await;
    let store = database.store_of(2);
    assert!(matches!(store.migrate(Finish::WhenAlone).await.unwrap(), Migrated::Waits(_)));
    // What a step leaves behind that is cut off.
    database
        .run(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid IN
             ('subscriptions_due_live_idx'::regclass, 'grants_new_gift_key'::regclass)",
        )
        .await;
    release.stop().await;
    store.migrate(Finish::Now).await.unwrap();
    assert_same_schema(&database).await;
}

/// A migration is cut off when its index is half built.
#[tokio::test]
async fn an_index_of_a_migration_whose_building_broke_off_is_built_again() {
    let database = Database::create().await;
    database
        .run(
            "UPDATE pg_index SET indisvalid = false
             WHERE indexrelid = 'users_external_id_key'::regclass;
             DELETE FROM _sqlx_migrations WHERE version = 20261129000801",
        )
        .await;
    database.store().migrate(Finish::WhenAlone).await.unwrap();
    assert_same_schema(&database).await;
}

#[tokio::test]
async fn sessions_of_this_release_are_not_waited_for_and_others_are_named() {
    let database = Database::empty().await;
    let release = ReleaseBefore::start(&database).await;
    let other = database.store_of(1);
    other.takes_writes().await.unwrap();
    let Migrated::Waits(who) = database.store().migrate(Finish::WhenAlone).await.unwrap() else {
        panic!("a session of the release before is connected");
    };
    assert_eq!(who.matches("pid").count(), 1, "{who}");
    assert_eq!(database.store().migrate(Finish::Now).await.unwrap(), Migrated::Finished);
    release.stop().await;
}
