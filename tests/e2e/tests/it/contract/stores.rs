//! What is left behind: the keys of Redis, and the ledger.

use std::{fmt::Write, time::Duration};

use anyhow::{Context, Result};
use e2e::{Stack, WithDatabase, eventually_true};
use redis::aio::MultiplexedConnection;

use super::{
    conversation::Conversation, jobs::location, limits::hold, quiet, redis_keys::write_keys,
};

const SOON: Duration = Duration::from_secs(30);

/// One of each command, so that one of each kind of record is seen.
const COMMANDS: [(&str, &str); 7] = [
    ("/users", r#"{"email":"ada@example.com"}"#),
    ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
    ("/renew", r#"{"subscription_id":1,"duration_months":2}"#),
    ("/gift", r#"{"gifter_id":1,"recipient_email":"ada@example.com"}"#),
    ("/gift/redeem", r#"{"gift_id":1,"user_id":1}"#),
    ("/cancel", r#"{"subscription_id":1}"#),
    ("/cancel", r#"{"subscription_id":1}"#),
];

/// A stack with a bucket, which an unlimited one does not have.
async fn limited(workers: usize) -> Result<Stack> {
    let builder = quiet().workers(workers).api("RATE_LIMIT_WINDOW_SECONDS", 86_400);
    builder.api("RATE_LIMIT_REQUESTS", 100).start().await
}

/// The record of a job: its letter, its fingerprint as hexadecimal digits, and the rest as it is.
async fn record(redis: &mut MultiplexedConnection, job: &str) -> Result<String> {
    let key = format!("commerce:job:{job}");
    let bytes: Vec<u8> = redis::cmd("GET").arg(&key).query_async(redis).await?;
    let (letter, rest) = bytes.split_first().context("no letter")?;
    let (fingerprint, rest) = rest.split_first_chunk::<32>().context("no fingerprint")?;
    let mut text = format!("> GET {key}\n{} ", char::from(*letter));
    for byte in fingerprint {
        write!(text, "{byte:02x}")?;
    }
    Ok(format!("{text} {}\n\n", std::str::from_utf8(rest)?))
}

/// The rows of the ledger, with all columns that there are, in the order in which they were
/// decided.
async fn ledger(stack: &Stack) -> Result<Vec<String>> {
    // Instants as clients see them, so that equal ones get equal names.
    let query = r#"SELECT (to_jsonb(row) || jsonb_build_object(
        'submitted_at', to_char(submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'decided_at', to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'finished_at', to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ))::text FROM transactions AS row ORDER BY position"#;
    Ok(sqlx::query_scalar(query).fetch_all(stack.db()).await?)
}

#[tokio::test]
async fn what_waits() -> Result<()> {
    let mut stack = limited(0).await?;
    let mut talk = Conversation::with(stack.client()?);
    let mut jobs = Vec::new();
    for (path, body) in COMMANDS {
        jobs.push(location(&talk.prefer("respond-async", path, body).await?)?);
        hold(&mut stack).await?;
    }
    write_keys(&mut talk, &mut stack).await?;
    let mut redis = stack.redis().connect().await?;
    for job in jobs {
        let job = job.trim_start_matches("/jobs/");
        talk.write(&record(&mut redis, job).await?);
        let mut command = redis::cmd("HGET");
        let payload: String = command.arg(&["commerce:data", job]).query_async(&mut redis).await?;
        talk.write(&format!("> HGET commerce:data {job}\n{payload}\n\n"));
    }
    talk.end(stack, "stores_waiting").await
}

#[tokio::test]
async fn what_is_left() -> Result<()> {
    let mut stack = limited(1).await?;
    let mut talk = Conversation::with(stack.client()?);
    for (path, body) in COMMANDS {
        talk.post(path, body).await?;
        hold(&mut stack).await?;
    }
    write_keys(&mut talk, &mut stack).await?;
    let mut redis = stack.redis().connect().await?;
    let query = "SELECT job_id::text FROM transactions ORDER BY position";
    let jobs: Vec<String> = sqlx::query_scalar(query).fetch_all(stack.db()).await?;
    for job in jobs {
        talk.write(&record(&mut redis, &job).await?);
    }
    talk.write("> SELECT * FROM transactions\n");
    for row in ledger(&stack).await? {
        talk.write(&format!("{row}\n"));
    }
    talk.end(stack, "stores_left").await
}

#[tokio::test]
async fn what_a_sweep_leaves() -> Result<()> {
    let mut stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    let [user, subscription, _, gift, ..] = COMMANDS;
    for (path, body) in [user, subscription, gift] {
        talk.prepare(path, body).await?;
    }
    // A sweep that this worker has not yet begun would get in the way.
    stack.worker(0)?.stop(SOON).await?;
    // The end of a subscription is part of the key of its row, so it ends on a certain day.
    stack.move_start(1, "2024-01-31T10:00:00Z", 1).await?;
    stack.end_gift(1).await?;
    // A worker sweeps when it starts.
    stack.start_worker().await?;
    eventually_true("both are swept", SOON, async || {
        Ok(stack.count("SELECT count(*) FROM transactions").await? == 5)
    })
    .await?;
    talk.write("> SELECT * FROM transactions\n");
    for row in ledger(&stack).await?.split_off(3) {
        talk.write(&format!("{row}\n"));
    }
    talk.end(stack, "stores_swept").await
}
