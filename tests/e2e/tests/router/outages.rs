//! What Postgres refuses to everybody is an outage: no command pays for it, and none is told what
//! is not so.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, eventually_true, fresh_key, text_of};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

const END_OTHERS: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                          WHERE datname = current_database() AND pid <> pg_backend_pid()";

async fn run(connection: &mut PgConnection, statement: &str) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_refused_to_everybody_costs_no_command_an_attempt() -> Result<()> {
    let no_connections = "UPDATE pg_database SET datallowconn = false \
                          WHERE datname = current_database()";
    let connections = "UPDATE pg_database SET datallowconn = true \
                       WHERE datname = current_database()";
    for (broken, mended) in [
        (no_connections, connections),
        ("ALTER TABLE users RENAME TO away", "ALTER TABLE away RENAME TO users"),
        ("ALTER FUNCTION load_all RENAME TO away", "ALTER FUNCTION away RENAME TO load_all"),
    ] {
        let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
        let client = stack.client()?;
        let user = client.create_user("known@example.com").await?;
        let mut admin = stack.db().acquire().await?;
        run(&mut admin, broken).await?;
        run(&mut admin, END_OTHERS).await?;
        if !broken.contains("FUNCTION") {
            let answer = client.get(&format!("/users/{user}")).await?;
            answer.problem(503, "storage_unavailable")?;
            assert!(answer.number("retry-after")? >= 1);
        }
        let mut jobs = Vec::new();
        for index in 0..20 {
            let body = json!({"email": format!("user{index}@example.com")});
            jobs.push(client.submit("/users", &fresh_key(), &body).await?);
        }
        // Whoever waits is told that it goes on, and so is whoever asks.
        let body = json!({"email": "waiting@example.com"});
        let answer = client.post_preferring("wait=2", "/users", &fresh_key(), &body).await?;
        jobs.push(text_of(&answer.json(202)?, "id")?.to_owned());
        for job in &jobs {
            assert_ne!(client.job(job).await?["status"], "dead");
        }
        run(&mut admin, mended).await?;
        for job in &jobs {
            let job = client.finished_job(job, SOON).await?;
            assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(1)));
        }
        client.get(&format!("/users/{user}")).await?.json(200)?;
        drop(admin);
        stack.done().await?;
    }
    Ok(())
}

/// A COMMIT hangs as it does when the synchronous standby is gone.
const HANG: &str = "
    CREATE TABLE standby_is_gone ();
    INSERT INTO standby_is_gone DEFAULT VALUES;
    CREATE FUNCTION wait_for_standby() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        WHILE EXISTS (SELECT FROM standby_is_gone) LOOP PERFORM pg_sleep(0.02); END LOOP;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER wait_for_standby AFTER INSERT ON transactions
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_standby();";

#[tokio::test]
async fn a_commit_that_hangs_is_waited_for_and_never_said_to_be_undone() -> Result<()> {
    let stack = Stack::builder().workers(2).worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    let client = stack.client()?;
    let user = client.create_user("known@example.com").await?;
    sqlx::raw_sql(HANG).execute(stack.db()).await?;
    let (key, body) = (fresh_key(), json!({"user_id": user, "plan": "monthly"}));
    let mut jobs = vec![client.submit("/subscribe", &key, &body).await?];
    for index in 0..3 {
        let body = json!({"email": format!("user{index}@example.com")});
        jobs.push(client.submit("/users", &fresh_key(), &body).await?);
    }
    // The worker has given the connection up, and its next try meets the locks of the COMMIT.
    let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock'";
    let is_blocked = async || Ok(stack.count(blocked).await? > 0);
    eventually_true("a retry is blocked", SOON, is_blocked).await?;
    for job in &jobs {
        assert_ne!(client.job(job).await?["status"], "dead");
    }
    sqlx::raw_sql("DELETE FROM standby_is_gone").execute(stack.db()).await?;
    for job in &jobs {
        let job = client.finished_job(job, SOON).await?;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(1)));
    }
    let subscription = client.post("/subscribe", &key, &body).await?;
    assert!(subscription.replayed());
    assert_eq!(stack.count("SELECT count(*) FROM subscriptions").await?, 1);
    stack.done().await
}
