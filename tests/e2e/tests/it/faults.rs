//! Commands that fail by a fault, which is not a refusal.

use std::time::Duration;

use anyhow::Result;
use e2e::{Kind, Stack, WithDatabase, eventually, eventually_true, fresh_key, run_to_end};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_mins(1);

/// Makes the insertion of one user fail with an error of this SQLSTATE.
pub(crate) async fn poison(
    stack: &Stack,
    condition: &'static str,
    sqlstate: &'static str,
) -> Result<()> {
    let function = format!(
        "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.email = 'poison@example.com' AND {condition} THEN \
         RAISE EXCEPTION 'secret cause' USING ERRCODE = '{sqlstate}'; END IF; \
         RETURN NEW; END $$"
    );
    sqlx::query(sqlx::AssertSqlSafe(function)).execute(stack.db()).await?;
    let trigger = "CREATE TRIGGER poison BEFORE INSERT ON users \
                   FOR EACH ROW EXECUTE FUNCTION poison()";
    sqlx::query(trigger).execute(stack.db()).await?;
    Ok(())
}

#[tokio::test]
async fn one_poisonous_command_does_not_hold_up_its_neighbours() -> Result<()> {
    let mut stack = Stack::builder().workers(0).start().await?;
    let client = stack.client()?;
    poison(&stack, "true", "P0001").await?;
    let mut jobs = Vec::new();
    for index in 0..50 {
        let email = if index == 20 { "poison".to_owned() } else { format!("user{index}") };
        let body = json!({"email": format!("{email}@example.com")});
        jobs.push(client.submit("/users", &format!("k{index}"), &body).await?);
    }
    stack.start_worker().await?;
    for (index, id) in jobs.iter().enumerate().filter(|(index, _)| *index != 20) {
        let job = client.finished_job(id, SOON).await?;
        assert_eq!(job["status"], "succeeded", "neighbour {index}");
    }
    let retrying = eventually("it is retried", SOON, async || {
        let job = client.job(&jobs[20]).await?;
        Ok((job["status"] == "retrying").then_some(job))
    })
    .await?;
    assert!(retrying["attempts"].as_i64() >= Some(1), "{retrying}");
    assert_eq!((&retrying["result"], &retrying["finished_at"]), (&Value::Null, &Value::Null));
    assert!(!retrying.to_string().contains("secret cause"), "{retrying}");

    sqlx::query("DROP TRIGGER poison ON users").execute(stack.db()).await?;
    let job = client.finished_job(&jobs[20], SOON).await?;
    assert_eq!(job["status"], "succeeded");
    assert!(job["attempts"].as_i64() >= Some(2), "{job}");
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 50);
    stack.done().await
}

#[tokio::test]
async fn a_deadlock_or_a_serialisation_failure_burns_no_attempt() -> Result<()> {
    for sqlstate in ["40P01", "40001"] {
        let stack = Stack::start().await?;
        let client = stack.client()?;
        // A sequence forgets nothing when the transaction is rolled back.
        sqlx::query("CREATE SEQUENCE tries").execute(stack.db()).await?;
        poison(&stack, "nextval('tries') <= 2", sqlstate).await?;
        let body = json!({"email": "poison@example.com"});
        let id = client.submit("/users", "k", &body).await?;
        let job = client.finished_job(&id, SOON).await?;
        assert_eq!((&job["status"], &job["attempts"]), (&json!("succeeded"), &json!(1)));
        stack.done().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_command_that_always_fails_is_given_up_and_its_key_revives_it() -> Result<()> {
    let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 2).start().await?;
    let client = stack.client()?;
    poison(&stack, "true", "P0001").await?;
    let body = json!({"email": "poison@example.com"});
    // Whoever still waits is told.
    let answer = client.post_preferring("wait=30", "/users", "k", &body).await?;
    let problem = answer.problem(503, "processing_failed")?;
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert!(!answer.text().contains("secret cause"), "{answer}");
    let location = problem["instance"].as_str().unwrap_or_default();
    let job = client.get(location).await?.json(200)?;
    assert_eq!((&job["status"], &job["attempts"]), (&json!("dead"), &json!(2)));
    assert_eq!(job["error"]["code"], "processing_failed");
    assert!(!job.to_string().contains("secret cause"), "{job}");

    // Another request under its key is still another request.
    let other = json!({"email": "other@example.com"});
    client.post("/users", "k", &other).await?.problem(422, "idempotency_key_reused")?;
    client.post("/users", &fresh_key(), &other).await?.json(201)?;

    sqlx::query("DROP TRIGGER poison ON users").execute(stack.db()).await?;
    let revived = client.post("/users", "k", &body).await?;
    revived.json(201)?;
    assert_eq!(revived.header("idempotent-replayed"), None, "it was enqueued anew");
    eventually_true("the job has succeeded", SOON, async || {
        let job = client.get(location).await?.json(200)?;
        Ok(job["status"] == "succeeded" && job["attempts"] == 1)
    })
    .await?;
    stack.done().await
}

#[tokio::test]
async fn an_operator_lists_dead_jobs_with_their_cause_and_requeues_them() -> Result<()> {
    let stack = Stack::builder().worker("WORKER_ATTEMPTS_MAX", 1).start().await?;
    let client = stack.client()?;
    poison(&stack, "true", "P0001").await?;
    let body = json!({"email": "poison@example.com"});
    let id = client.submit("/users", "k", &body).await?;
    assert_eq!(client.finished_job(&id, SOON).await?["status"], "dead");

    let settings = stack.settings(Kind::Worker);
    let jobs = |args: &[&str]| {
        let output = run_to_end("worker", &[&["jobs"], args].concat(), &settings)?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        anyhow::Ok((output.status.success(), printed))
    };
    let (listed, list) = jobs(&["list"])?;
    assert!(listed && list.contains(&id) && list.contains("secret cause"), "{list}");

    sqlx::query("DROP TRIGGER poison ON users").execute(stack.db()).await?;
    assert!(jobs(&["requeue", &id])?.0);
    let job = client.finished_job(&id, SOON).await?;
    assert_eq!(job["status"], "succeeded");
    assert!(client.post("/users", "k", &body).await?.replayed());
    assert!(!jobs(&["requeue", &id])?.0, "it is dead no longer");
    assert!(!jobs(&["list"])?.1.contains(&id));
    stack.done().await
}
