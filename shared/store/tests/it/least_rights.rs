//! A role that may read and write rows, and nothing else.

use crate::sample::end;
use domain::Needs;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;
use store::{Finish, Migrated, StoreError};
use support::Database;

/// What OPERATIONS.md says such a role needs.
const GRANTS: &str = "
    GRANT USAGE ON SCHEMA public TO {role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};";

/// A handle of a role of its own with these grants. Roles belong to the whole server.
async fn as_role(database: &Database, grants: &str) -> (String, store::Database) {
    let name: String = database.value("SELECT current_database()::text").await;
    let role = format!("{name}_rows");
    database
        .run(&format!(
            "DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD 'secret';
             REVOKE CREATE ON SCHEMA public FROM PUBLIC; {}",
            grants.replace("{role}", &role)
        ))
        .await;
    let options = PgConnectOptions::from_str(&database.url()).unwrap();
    let url = options.username(&role).password("secret").to_url_lossy();
    (role, store::Database::new(url.as_str(), 2).unwrap())
}

async fn drop_role(database: &Database, role: &str) {
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn it_starts_and_works_when_every_migration_is_applied() {
    let database = Database::create().await;
    let (role, store) = as_role(&database, GRANTS).await;
    assert_eq!(store.migrate(Finish::WhenAlone).await.unwrap(), Migrated::Finished);
    let (batch, ..) = store::Batch::begin(&store, &Needs::default(), &[]).await.unwrap();
    end(batch).await;
    drop(store);
    drop_role(&database, &role).await;
}

#[tokio::test]
async fn it_says_who_must_migrate() {
    let database = Database::empty().await;
    let (role, store) = as_role(&database, GRANTS).await;
    let error = store.migrate(Finish::WhenAlone).await.unwrap_err();
    assert!(matches!(error, StoreError::Setup(_)), "{error:?}");
    assert!(error.to_string().contains("run `worker migrate` with the role that owns"), "{error}");
    assert!(!error.may_pass_soon());
    // Another role does.
    database.store().migrate(Finish::WhenAlone).await.unwrap();
    database.run(&GRANTS.replace("{role}", &role)).await;
    assert_eq!(store.migrate(Finish::WhenAlone).await.unwrap(), Migrated::Finished);
    drop_role(&database, &role).await;
}

#[tokio::test]
async fn it_says_what_to_grant_when_it_may_not_even_look() {
    let database = Database::create().await;
    let (role, store) = as_role(&database, "GRANT USAGE ON SCHEMA public TO {role}").await;
    let error = store.migrate(Finish::WhenAlone).await.unwrap_err();
    assert!(error.to_string().contains("GRANT SELECT ON _sqlx_migrations"), "{error}");
    drop_role(&database, &role).await;
}

#[tokio::test]
async fn rights_that_are_taken_and_given_back_are_an_outage() {
    let database = Database::create().await;
    let (role, store) = as_role(&database, GRANTS).await;
    store.takes_writes().await.unwrap();
    for (taken, given) in [
        ("REVOKE UPDATE ON users FROM {role}", "GRANT UPDATE ON users TO {role}"),
        ("ALTER ROLE {role} NOLOGIN", "ALTER ROLE {role} LOGIN"),
        ("ALTER ROLE {role} PASSWORD 'other'", "ALTER ROLE {role} PASSWORD 'secret'"),
        ("ALTER TABLE users RENAME TO away", "ALTER TABLE away RENAME TO users"),
        ("DROP FUNCTION load_all(text, jsonb, bigint[])", ""),
    ] {
        database.run(&taken.replace("{role}", &role)).await;
        let end_others = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{role}'"
        );
        database.value::<i64>(&end_others).await;
        let gone = format!("SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = '{role}'");
        database.until(&gone).await;
        let user = [(domain::ClientId::LOCAL, domain::UserId::new(1))].into();
        let needs = Needs { users: user, ..Needs::default() };
        // A connection that was ended just now is an outage as well.
        for _ in 0..2 {
            let error = store::Batch::begin(&store, &needs, &[]).await.err().unwrap();
            assert!(matches!(error, StoreError::Unavailable(_)), "{taken}: {error:?}");
        }
        if !given.is_empty() {
            database.run(&given.replace("{role}", &role)).await;
            let (batch, ..) = store::Batch::begin(&store, &needs, &[]).await.unwrap();
            end(batch).await;
        }
    }
    drop(store);
    drop_role(&database, &role).await;
}
