//! A batch as a worker makes it.

use chrono::TimeDelta;
use contract::answered;
use domain::{
    Changes, ClientId, Command, Context, Fingerprint, IdempotencyKey, JobId, LogEntry, Needs,
    Origin, decide, decide_internal, internal_job_id, job_id,
};
use store::due::{self, Cursor};
use store::{Batch, BatchContext, StoreError};
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
        command.needs(LOCAL, &mut needs);
    }
    let jobs: Vec<_> = commands.iter().map(|(key, _)| (LOCAL, job(LOCAL, key))).collect();
    let (batch, mut working_set, context) = Batch::begin(database.store(), &needs, &jobs).await?;
    let BatchContext { now, decided: known, mut new_ids, .. } = context;
    let (mut changes, mut decided, mut new) = (Changes::default(), Vec::new(), Vec::new());
    for ((_, job), (key, command)) in jobs.into_iter().zip(commands) {
        if let Some(entry) = known.get(&job) {
            decided.push(entry.clone());
            continue;
        }
        let gift_ttl = TimeDelta::days(30);
        let context = Context { now, client: LOCAL, job, gift_ttl, provider: None };
        let decision = decide(&working_set, &context, command, &mut new_ids);
        for change in decision.changes {
            working_set.apply(change.clone());
            changes.push(change);
        }
        let entry = LogEntry {
            job,
            client: LOCAL,
            origin: Origin::Client,
            key: IdempotencyKey::parse(key.as_bytes()).unwrap(),
            fingerprint: Fingerprint::of_request("POST", "/", key.as_bytes()),
            operation: command.operation(),
            input: None,
            user: decision.user,
            entity: decision.outcome.entity_id(),
            answered: answered(job, &decision.outcome, now),
            attempts: 1,
            submitted_at: now,
            decided_at: now,
        };
        decided.push(entry.clone());
        new.push(entry);
    }
    batch.commit(&changes, &new).await?;
    Ok(decided)
}

/// Marks everything that is due in one batch, as a worker does. Returns the rows that it was for.
pub(crate) async fn expire(database: &Database) -> Result<Vec<Cursor>, StoreError> {
    let store = database.store();
    let mut due = Vec::new();
    for found in due::subscriptions(store, None, 100).await?.rows {
        due.push((found.cursor, found.row?.due().unwrap()));
    }
    for found in due::gifts(store, None, 100).await?.rows {
        due.push((found.cursor, found.row?.due().unwrap()));
    }
    let mut needs = Needs::default();
    for (_, command) in &due {
        command.needs(LOCAL, &mut needs);
    }
    let (batch, working_set, context) = Batch::begin_skip_locked(store, &needs).await?;
    let BatchContext { now, mut new_ids, .. } = context;
    let (mut changes, mut entries) = (Changes::default(), Vec::new());
    for (_, command) in &due {
        let (key, gift_ttl) = (command.key(), TimeDelta::days(30));
        let job = internal_job_id(LOCAL, &key);
        let context = Context { now, client: LOCAL, job, gift_ttl, provider: None };
        let decision = decide_internal(&working_set, &context, command, &mut new_ids);
        let Some(decision) = decision else { continue };
        entries.push(LogEntry {
            job: context.job,
            client: LOCAL,
            origin: Origin::Internal,
            fingerprint: Fingerprint::of_request("", key.as_str(), b""),
            key,
            operation: command.operation(),
            input: Some(serde_json::to_string(command).unwrap()),
            user: decision.user,
            entity: decision.outcome.entity_id(),
            answered: answered(context.job, &decision.outcome, now),
            attempts: 1,
            submitted_at: now,
            decided_at: now,
        });
        decision.changes.into_iter().for_each(|change| changes.push(change));
    }
    batch.commit(&changes, &entries).await?;
    Ok(due.into_iter().map(|(cursor, _)| cursor).collect())
}

/// The job of a key of a client.
pub(crate) fn job(client: ClientId, key: &str) -> JobId {
    job_id(client, &IdempotencyKey::parse(key.as_bytes()).unwrap())
}
