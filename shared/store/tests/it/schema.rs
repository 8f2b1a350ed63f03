//! The schema keeps what the code promises, whatever the code does.

use crate::constraints::{ROWS, VIOLATIONS};
use sqlx::{AssertSqlSafe, query_scalar, raw_sql};
use std::collections::BTreeSet;
use support::Database;

/// The name of the constraint that refuses a statement.
async fn refused_by(database: &Database, statement: &str) -> Option<String> {
    let done = raw_sql(AssertSqlSafe(statement)).execute(database.pool()).await;
    let error = done.expect_err(statement).into_database_error().expect(statement);
    error.constraint().map(str::to_owned)
}

#[tokio::test]
async fn each_constraint_refuses_what_it_is_for() {
    let database = Database::create().await;
    database.run(ROWS).await;
    for (constraint, statements) in VIOLATIONS {
        for statement in *statements {
            let by = refused_by(&database, statement).await;
            assert_eq!(by.as_deref(), Some(*constraint), "{statement}");
        }
    }
}

#[tokio::test]
async fn no_constraint_is_without_a_test() {
    let database = Database::create().await;
    let names: Vec<String> = query_scalar(
        "SELECT conname::text FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
         UNION
         SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique",
    )
    .fetch_all(database.pool())
    .await
    .unwrap();

    let stored: BTreeSet<&str> =
        names.iter().map(String::as_str).filter(|name| !name.starts_with("_sqlx")).collect();
    assert_eq!(stored, VIOLATIONS.iter().map(|(name, _)| *name).collect());
}

#[tokio::test]
async fn what_is_allowed_is_not_refused() {
    let database = Database::create().await;
    database.run(ROWS).await;
    for statement in [
        // An email belongs to one user of each client.
        "INSERT INTO users (client_id, email, created_at) VALUES (1, 'ann@example.com', now())",
        // One active subscription a user, beside any number of ended ones.
        "INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months, start_date,
                                    end_date, cancelled_at, created_at, updated_at)
         SELECT 2, true, 1, 'gone', status, 1, now(), now() + interval '1 month',
                CASE status WHEN 'cancelled' THEN now() END, now(), now()
         FROM unnest(ARRAY['expired', 'cancelled', 'expired', 'cancelled']) AS status",
        // Another user's active one.
        "INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months, start_date,
                                    end_date, due_at, created_at, updated_at)
         VALUES (2, true, 2, 'monthly', 'active', 1, now(), now() + interval '1 month', now(),
                 now(), now())",
        // Any number of grants that are no gifts.
        "INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at)
         SELECT 2, 1, source, 1, gen_random_uuid(), now()
         FROM unnest(ARRAY['purchase', 'renewal', 'renewal']) AS source",
        // A key belongs to one client, and not to its internal commands.
        "INSERT INTO transactions (job_id, client_id, origin, idempotency_key, fingerprint,
                                   operation, status, body, attempts, submitted_at, decided_at,
                                   finished_at)
         SELECT gen_random_uuid(), 1, 'client', idempotency_key, fingerprint, operation, 409, body,
                1, now(), now(), now() FROM transactions",
        "INSERT INTO transactions (job_id, client_id, origin, input, idempotency_key, fingerprint,
                                   operation, status, body, attempts, submitted_at, decided_at,
                                   finished_at)
         SELECT gen_random_uuid(), 2, 'internal', '{}', idempotency_key, fingerprint, operation,
                409, body, 1, now(), now(), now() FROM transactions WHERE client_id = 2",
        // An entry of the command log may wait for its answer.
        "UPDATE transactions SET status = NULL, body = NULL, finished_at = NULL, entity_id = NULL
         WHERE client_id = 2 AND origin = 'client'",
        // Clients that are made do not get the ids of built-in ones.
        "INSERT INTO clients (name) VALUES ('first')",
    ] {
        database.run(statement).await;
    }
    let first = database.value::<i64>("SELECT id FROM clients WHERE name = 'first'").await;
    assert!(first >= 100, "{first}");
}

#[tokio::test]
async fn an_email_is_compared_in_ascii_case_in_every_locale() {
    let database = Database::create().await;
    let index = "SELECT pg_get_indexdef('users_email_key'::regclass)";
    let definition: String = database.value(index).await;
    assert!(definition.contains(r#"lower((email COLLATE "C"))"#), "{definition}");
}
