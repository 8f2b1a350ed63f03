//! The rules of the command log: it has every acknowledged outcome once, and nothing else.

use super::evidence::{Evidence, LogRow};
use super::keys::{Keys, Known};
use super::{Rule, Violation};
use domain::{ClientId, IdempotencyKey, InternalCommand, internal_job_id, job_id};
use std::collections::{BTreeSet, HashMap};

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let mut violations = decided_twice(evidence);
    for (key, known) in &keys.0 {
        violations.extend(lost(key, known));
        violations.extend(unfounded(key, known));
    }
    let internal = evidence.rows.log.iter().filter(|row| row.is_internal());
    let clocks = evidence.rows.clocks.iter().map(|clock| clock.client);
    let clients: BTreeSet<_> = clocks.chain([ClientId::LOCAL]).collect();
    violations.extend(internal.filter_map(|row| unfounded_internal(row, &clients)));
    violations
}

/// Jobs and keys with several rows. The constraints of the schema rule this out.
fn decided_twice(evidence: &Evidence<'_>) -> Vec<Violation> {
    let (mut jobs, mut keys) = (HashMap::new(), HashMap::new());
    for row in &evidence.rows.log {
        *jobs.entry(row.job).or_insert(0_u32) += 1;
        *keys.entry((row.client, row.origin, row.key.as_str())).or_insert(0_u32) += 1;
    }
    let jobs = jobs.into_iter().filter(|(_, rows)| *rows > 1);
    let keys = keys.into_iter().filter(|(_, rows)| *rows > 1);
    let told = |what, rows| format!("{what} has {rows} rows in the command log");
    jobs.map(|(job, n)| Violation::of_state(Rule::DecidedTwice, told(format!("job {job}"), n)))
        .chain(keys.map(|((_, _, key), n)| {
            Violation::of_key(Rule::DecidedTwice, key, told("the key".to_owned(), n))
        }))
        .collect()
}

fn lost(key: &str, known: &Known<'_>) -> Option<Violation> {
    let (exchange, _) = known.outcomes().next()?;
    let lost = || {
        let reply = exchange.reply.as_ref();
        let told = reply.map(|reply| format!("{} {}", reply.status, reply.body));
        let told = told.unwrap_or_default();
        Violation::of_key(Rule::AcknowledgedButLost, key, format!("was told {told}"))
    };
    known.rows.is_empty().then(lost)
}

/// Rows of commands that nobody submitted, and rows that hold no outcome.
fn unfounded(key: &str, known: &Known<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for row in &known.rows {
        let asked = known.asked(row.fingerprint);
        let operation = asked.and_then(|s| s.command()).map(|c| c.operation().as_str());
        if operation != Some(row.operation.as_str()) {
            let detail = format!("the command log has a {} that was not asked for", row.operation);
            violations.push(Violation::of_key(Rule::NeverSubmitted, key, detail));
        }
        let job = IdempotencyKey::parse(key.as_bytes()).map(|k| job_id(row.client, &k));
        if asked.is_some_and(|s| s.owner != row.client) || job.ok() != Some(row.job) {
            let detail = format!("job {} of client {} is not its job", row.job, row.client.get());
            violations.push(Violation::of_key(Rule::NeverSubmitted, key, detail));
        }
        if !matches!(row.status(), Some(200 | 201 | 402..=410 | 422)) {
            let detail = format!("the command log has {}", row.told());
            violations.push(Violation::of_key(Rule::NotAnOutcome, key, detail));
        }
    }
    violations
}

/// A row of an internal command that does not follow from its input. Key and job are derived from
/// it, so that nothing that is due is done twice.
fn unfounded_internal(row: &LogRow, clients: &BTreeSet<ClientId>) -> Option<Violation> {
    let input = row.input.as_deref().unwrap_or_default();
    let is_founded = serde_json::from_str::<InternalCommand>(input).is_ok_and(|command| {
        let key = command.key();
        row.key == key.as_str()
            && row.job == internal_job_id(row.client, &key)
            && clients.contains(&row.client)
            && row.operation == command.operation().as_str()
    });
    let detail = || {
        let (client, job, operation) = (row.client.get(), row.job, &row.operation);
        format!("{operation} of client {client} as job {job} is not what its input says: {input}")
    };
    (!is_founded).then(|| Violation::of_key(Rule::NeverSubmitted, &row.key, detail()))
}
