//! What a 202 promises: its job is done, whatever Redis loses, and GET /jobs/{id} shows it all the
//! while.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{Client, WithDatabase, eventually_true, text_of};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

const ROWS: &str = "SELECT count(*) FROM accepted_jobs";

async fn run(stack: &Stack, statement: &'static str) -> Result<()> {
    sqlx::raw_sql(statement).execute(stack.db()).await?;
    Ok(())
}

/// Lets what was accepted be old enough for workers to look at it.
pub(crate) async fn age(stack: &Stack) -> Result<()> {
    run(stack, "UPDATE accepted_jobs SET accepted_at = accepted_at - interval '1 minute'").await
}

/// Counts what is written to the table from now on, in a sequence, which forgets nothing.
async fn count_notes(stack: &Stack) -> Result<()> {
    let count = "CREATE SEQUENCE notes;
                 CREATE FUNCTION count_note() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN PERFORM nextval('notes'); RETURN NEW; END $$;
                 CREATE TRIGGER count_note BEFORE INSERT ON accepted_jobs
                 FOR EACH ROW EXECUTE FUNCTION count_note()";
    run(stack, count).await
}

const NOTES: &str = "SELECT coalesce(pg_sequence_last_value('notes'), 0)";

fn ada() -> Value {
    json!({"email": "ada@example.com"})
}

async fn submit_late(client: &Client, key: &str) -> Result<Value> {
    client.post("/users", key, &ada()).await?.json(202)
}

#[tokio::test]
async fn a_202_stands_in_postgres_once_until_its_job_is_decided() -> Result<()> {
    let mut stack = Stack::builder().apis(2).workers(0).api("RESPONSE_WAIT_MS", 50).start().await?;
    let (client, other) = (stack.client()?, stack.client_of(1)?);
    count_notes(&stack).await?;
    let late = submit_late(&client, "late").await?;
    let shown = "SELECT count(*) FROM accepted_jobs WHERE client_id = 2 AND ended_at IS NULL \
                 AND submitted_at = (payload::json->>'submitted_us')::bigint \
                 * interval '1 microsecond' + 'epoch'::timestamptz";
    assert_eq!((stack.count(ROWS).await?, stack.count(shown).await?), (1, 1));
    let at_once = client.submit("/users", "at-once", &ada()).await?;
    assert_eq!(stack.count(ROWS).await?, 2);
    // Joiners are promised nothing else.
    assert_eq!(submit_late(&other, "late").await?, late);
    assert_eq!(other.submit("/users", "at-once", &ada()).await?, at_once);
    assert_eq!(stack.count(shown).await?, 2);

    stack.start_worker().await?;
    for job in [text_of(&late, "id")?, &at_once] {
        client.finished_job(job, SOON).await?;
    }
    assert_eq!(stack.count(ROWS).await?, 0);
    // A retry finds the answer, and notes nothing.
    client.post("/users", "late", &ada()).await?;
    assert_eq!(stack.count(ROWS).await?, 0);
    stack.done().await
}

#[tokio::test]
async fn who_gets_an_answer_within_the_wait_pays_for_no_note() -> Result<()> {
    let stack = Stack::start().await?;
    count_notes(&stack).await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    client.subscribe(user, 1).await?;
    client.post("/users", "k", &ada()).await?.problem(409, "email_taken")?;
    assert_eq!(stack.count(NOTES).await?, 0);
    stack.done().await
}

#[tokio::test]
async fn an_outcome_beats_the_202() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("RESPONSE_WAIT_MS", 50).start().await?;
    let client = stack.client()?;
    // Nothing can be noted, but workers look for what was.
    let mut locked = stack.db().begin().await?;
    let lock = "LOCK TABLE accepted_jobs IN SHARE MODE";
    sqlx::raw_sql(lock).execute(&mut *locked).await?;
    let asking = tokio::spawn(async move { client.post("/users", "k", &ada()).await });
    stack.wait_for_blocked_statement().await?;
    stack.start_worker().await?;
    eventually_true("it is decided", SOON, async || {
        Ok(stack.count("SELECT count(*) FROM transactions").await? == 1)
    })
    .await?;
    locked.rollback().await?;
    let answer = asking.await??;
    answer.json(201)?;
    assert_eq!(answer.header("idempotent-replayed"), None);
    stack.done().await
}

#[tokio::test]
async fn a_lost_job_is_shown_as_queued_and_done_once_as_of_its_first_time() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("QUEUE_DEPTH_MAX", 1).start().await?;
    let client = stack.client()?;
    let id = client.submit("/users", "k", &ada()).await?;
    let before = client.job(&id).await?;
    stack.lose_queue().await?;
    assert_eq!(client.job(&id).await?, before);
    let waited = client.get(&format!("/jobs/{id}?wait=1")).await?.json(200)?;
    assert_eq!(waited, before);
    // Another job has the only place in the queue now.
    client.submit("/gift", "other", &json!({"gifter_id": 9, "recipient_email": "b@a.org"})).await?;

    age(&stack).await?;
    stack.start_worker().await?;
    let done = client.finished_job(&id, SOON).await?;
    assert_eq!((&done["status"], &done["attempts"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(done["submitted_at"], before["submitted_at"]);
    let replay = client.post("/users", "k", &ada()).await?;
    replay.json(201)?;
    assert!(replay.replayed());
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    assert_eq!(stack.count(ROWS).await?, 0);
    stack.done().await
}

#[tokio::test]
async fn after_a_loss_another_body_is_refused_and_the_accepted_one_is_done() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("RESPONSE_WAIT_MS", 50).start().await?;
    let client = stack.client()?;
    let job = submit_late(&client, "k").await?;
    stack.lose_queue().await?;
    // Its task takes the place of the accepted one in the queue.
    let wrong = json!({"email": "eve@example.com"});
    for prefer in ["respond-async", "wait=1"] {
        let answer = client.post_preferring(prefer, "/users", "k", &wrong).await?;
        answer.problem(422, "idempotency_key_reused")?;
    }
    let joined = client.post("/users", "k", &ada()).await?;
    assert_eq!(joined.json(202)?, job);
    assert!(joined.replayed());

    let (patient, body) = (client.clone(), wrong.clone());
    let waiting =
        tokio::spawn(async move { patient.post_preferring("wait=30", "/users", "k", &body).await });
    stack.start_worker().await?;
    waiting.await??.problem(422, "idempotency_key_reused")?;
    let done = client.finished_job(text_of(&job, "id")?, SOON).await?;
    assert_eq!(
        (&done["result"]["email"], &done["status"]),
        (&json!("ada@example.com"), &json!("succeeded"))
    );
    let replay = client.post("/users", "k", &ada()).await?;
    assert_eq!(replay.json(201)?, done["result"]);
    client.post("/users", "k", &wrong).await?.problem(422, "idempotency_key_reused")?;
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn another_command_takes_the_place_of_an_accepted_one_and_the_accepted_one_is_done()
-> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let user = client.create_user("ada@example.com").await?;
    let subscription = client.subscribe(user, 1).await?["id"].clone();
    stack.worker(0)?.stop().await?;
    let renewal = json!({"subscription_id": subscription, "duration_months": 2});
    let id = client.submit("/renew", "k", &renewal).await?;
    stack.lose_queue().await?;
    // It needs other rows than the renewal.
    let wrong = json!({"email": "eve@example.com"});
    let answer = client.post_preferring("respond-async", "/users", "k", &wrong).await?;
    answer.problem(422, "idempotency_key_reused")?;
    stack.start_worker().await?;
    assert_eq!(client.finished_job(&id, SOON).await?["status"], "succeeded");
    assert_eq!(stack.count("SELECT months::bigint FROM subscriptions").await?, 3);
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn while_postgres_is_away_a_202_rests_on_redis_and_is_noted_when_it_is_back() -> Result<()> {
    let mut stack = Stack::builder().workers(0).api("RESPONSE_WAIT_MS", 50).start().await?;
    let client = stack.client()?;
    run(&stack, "ALTER TABLE accepted_jobs RENAME TO away").await?;
    let late = submit_late(&client, "late").await?;
    let mut ids = vec![text_of(&late, "id")?.to_owned()];
    for key in ["one", "two", "one"] {
        ids.push(client.submit("/users", key, &ada()).await?);
    }
    run(&stack, "ALTER TABLE away RENAME TO accepted_jobs").await?;
    eventually_true("all are noted", SOON, async || Ok(stack.count(ROWS).await? == 3)).await?;
    // Those that come now are noted at once.
    ids.push(client.submit("/users", "three", &ada()).await?);
    assert_eq!(stack.count(ROWS).await?, 4);

    stack.lose_queue().await?;
    age(&stack).await?;
    stack.start_worker().await?;
    for id in &ids {
        client.finished_job(id, SOON).await?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM users").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn what_was_noted_while_it_was_decided_is_deleted() -> Result<()> {
    let stack = Stack::start().await?;
    stack.client()?.create_user("ada@example.com").await?;
    let note = "INSERT INTO accepted_jobs (client_id, job_id, fingerprint, submitted_at, payload) \
                SELECT client_id, job_id, fingerprint, submitted_at, '{}' FROM transactions";
    run(&stack, note).await?;
    age(&stack).await?;
    eventually_true("it is deleted", SOON, async || Ok(stack.count(ROWS).await? == 0)).await?;
    stack.done().await
}
