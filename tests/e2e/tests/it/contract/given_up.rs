//! A command that fails each time: what its client is told, and what an operator can do.

use std::time::Duration;

use anyhow::Result;
use e2e::{Kind, Stack, eventually, run_to_end};

use super::{
    command_line, conversation::Conversation, jobs::location, quiet, redis_keys::write_keys,
};
use crate::faults::poison;

const SOON: Duration = Duration::from_mins(1);
const POISON: &str = r#"{"email":"poison@example.com"}"#;

/// Runs `worker jobs` as an operator does, and writes down what it says.
fn operate(talk: &mut Conversation, stack: &Stack, args: &[&str]) -> Result<()> {
    let args = [&["jobs"], args].concat();
    let output = run_to_end("worker", &args, &stack.settings(Kind::Worker))?;
    let shown = command_line::shown("worker", &args, &output);
    talk.write(&without_signature(&without_line(&shown)));
    Ok(())
}

/// Postgres names the line of its own source, which is another one in each of its releases.
fn without_line(text: &str) -> String {
    let mut parts = text.split(" at line ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        format!("{text} at line [n]{}", part.trim_start_matches(|c: char| c.is_ascii_digit()))
    })
}

/// Each installation signs with a key of its own.
fn without_signature(text: &str) -> String {
    match text.split_once(r#","kid":""#) {
        Some((before, signature)) => {
            let after = signature.split_once('}').map_or("", |(_, after)| after);
            format!(r#"{before},"kid":"[kid]","mac":"[mac]"}}{after}"#)
        }
        None => text.to_owned(),
    }
}

#[tokio::test]
async fn a_command_is_given_up() -> Result<()> {
    let mut stack = quiet().workers(0).worker("WORKER_ATTEMPTS_MAX", 2).start().await?;
    poison(&stack, "true", "P0001").await?;
    let client = stack.client()?;
    let mut talk = Conversation::with(client.clone());
    let job = location(&talk.prefer("respond-async", "/users", POISON).await?)?;
    // Somebody waits for the job before there is a worker: whoever came when it is dead would
    // revive it.
    let join = talk.submission("k1", "/users", POISON).header("prefer", "wait=30");
    let (joined, retrying) = tokio::join!(talk.send(join), async {
        stack.start_worker().await?;
        eventually("it is to be tried again", SOON, async || {
            let answer = client.get(&job).await?;
            Ok((answer.json(200)?["status"] == "retrying").then_some(answer))
        })
        .await
    });
    joined?;
    talk.remark("meanwhile");
    talk.heard(&format!("> GET {job}\n"), &retrying?);
    talk.remark("in the end");
    talk.get(&job).await?;
    write_keys(&mut talk, &mut stack).await?;

    let id = job.trim_start_matches("/jobs/");
    operate(&mut talk, &stack, &["list"])?;
    operate(&mut talk, &stack, &["show", id])?;
    operate(&mut talk, &stack, &["discard", id])?;
    operate(&mut talk, &stack, &["requeue", id])?;
    operate(&mut talk, &stack, &["list"])?;
    talk.get(&job).await?;
    write_keys(&mut talk, &mut stack).await?;
    talk.end(stack, "given_up").await
}
