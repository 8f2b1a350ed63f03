//! A batch as a worker makes it.

use chrono::TimeDelta;
use contract::answer;
use domain::{
    Changes, ClientId, Command, Context, Fingerprint, IdempotencyKey, JobId, LogEntry, Needs,
    Success, decide, job_id,
};
use store::{Batch, StoreError};
use support::Database;

const LOCAL: ClientId = ClientId::LOCAL;

/// Decides commands of the local client in one batch, as a worker does, and commits it. Each comes
/// with its idempotency key.
pub(crate) async fn apply(
    database: &Database,
    commands: &[(&str, Command)],
) -> Result<Vec<LogEntry>, StoreError> {
    let mut needs = Needs::default();
    for (_, command) in commands {
        needs.add(LOCAL, command);
    }
    let jobs: Vec<JobId> = commands.iter().map(|(key, _)| job(LOCAL, key)).collect();
    let (mut batch, mut working_set, context) =
        Batch::begin(database.store(), &needs, &jobs).await?;
    let known = batch.decided(&context.decided).await?;
    let (now, mut new_ids) = (context.now, context.new_ids);
    let (mut changes, mut decided, mut new) = (Changes::default(), Vec::new(), Vec::new());
    for (job, (key, command)) in jobs.into_iter().zip(commands) {
        if let Some(entry) = known.get(&job) {
            decided.push(entry.clone());
            continue;
        }
        let context = Context { now, client: LOCAL, job, gift_ttl: TimeDelta::days(30) };
        let decision = decide(&working_set, &context, command, &mut new_ids);
        for change in decision.changes {
            working_set.apply(change.clone());
            changes.push(change);
        }
        let entry = LogEntry {
            job,
            client: LOCAL,
            key: IdempotencyKey::parse(key.as_bytes()).unwrap(),
            fingerprint: Fingerprint::of_request("POST", "/", key.as_bytes()),
            operation: command.operation(),
            entity: decision.result.as_ref().ok().map(Success::entity),
            answer: answer(job, &decision.result, now),
            attempts: 1,
            submitted_at: now,
            finished_at: now,
        };
        decided.push(entry.clone());
        new.push(entry);
    }
    batch.commit(&changes, &new).await?;
    Ok(decided)
}

/// The job of a key of a client.
pub(crate) fn job(client: ClientId, key: &str) -> JobId {
    job_id(client, &IdempotencyKey::parse(key.as_bytes()).unwrap())
}
