//! Applies batches of commands, and reads their answers.

use crate::apply::{Attempt, NumberedAttempt, load};
use crate::effects::Slots;
use crate::tests::attempts::{POLICY, attempt_of, attempts_of};
use domain::{ClientId, Command, LogEntry};
use serde_json::Value;
use store::StoreError;
use support::Database;

/// The first attempt of a job of the local client.
pub(crate) fn attempt(key: &str, command: Command) -> NumberedAttempt {
    attempt_of(ClientId::LOCAL, key, command)
}

/// Commands of the local client with keys of their own.
pub(crate) fn batch(commands: impl IntoIterator<Item = Command>) -> Vec<NumberedAttempt> {
    attempts_of(ClientId::LOCAL, commands)
}

/// Applies a batch once, in one transaction.
pub(crate) async fn apply(
    database: &store::Database,
    attempts: &[NumberedAttempt],
) -> Result<Vec<LogEntry>, StoreError> {
    let held: Vec<Attempt> = attempts
        .iter()
        .map(|attempt| Attempt { job: attempt.job.clone(), holder: "w".into() })
        .collect();
    let decided =
        load(database, &held).await?.commit(attempts.to_vec(), POLICY, &Slots::default()).await?;
    Ok(decided.entries)
}

/// Applies a batch that nothing is in the way of.
pub(crate) async fn applied(database: &Database, attempts: &[NumberedAttempt]) -> Vec<LogEntry> {
    apply(database.store(), attempts).await.unwrap()
}

/// Applies a batch as the worker does: again, as long as others are in its way.
pub(crate) async fn insist(
    database: &store::Database,
    attempts: &[NumberedAttempt],
) -> Vec<LogEntry> {
    for _ in 0..20 {
        match apply(database, attempts).await {
            // On a busy machine a connection may take long.
            Err(StoreError::Conflict(_) | StoreError::Locked(_) | StoreError::Unavailable(_)) => {}
            outcome => return outcome.unwrap(),
        }
    }
    panic!("others are always in the way");
}

pub(crate) fn statuses(entries: &[LogEntry]) -> Vec<u16> {
    entries.iter().map(|entry| entry.answer().unwrap().status).collect()
}

/// A member of an answer, as text.
pub(crate) fn member(entry: &LogEntry, name: &str) -> String {
    let body: Value = serde_json::from_str(&entry.answer().unwrap().body).unwrap();
    match &body[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
