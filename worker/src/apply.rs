//! Group commit: many commands are decided and committed in one transaction.

use crate::effects::{Begun, Slots};
use crate::policy::Policy;
use chrono::TimeDelta;
use contract::refusal;
use domain::{
    AcceptedJob, Changes, ClientId, Effect, JobId, LogEntry, Moment, Needs, Operation, Origin,
    Outcome, WorkingSet, decide,
};
use queue::QueuedJob;
use std::collections::HashMap;
use std::sync::Arc;
use store::{Batch, BatchContext, Beside, Database, StoreError};

/// A job that a worker has begun, or is about to begin.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    /// The job.
    pub(crate) job: Arc<QueuedJob>,
    /// The name of the apalis worker that holds its task.
    pub(crate) holder: Arc<str>,
}

/// A job with the number of its attempt.
#[derive(Debug, Clone)]
pub(crate) struct NumberedAttempt {
    /// The job.
    pub(crate) job: Arc<QueuedJob>,
    /// How often the job was begun, this time included.
    pub(crate) number: u32,
}

/// A batch whose transaction has begun. The rows that its commands touch are loaded, and locked
/// until the transaction ends.
pub(crate) struct LoadedBatch {
    batch: Batch,
    working_set: WorkingSet,
    context: BatchContext,
    /// The jobs that were accepted, as they are to be decided.
    accepted: AcceptedJobs,
}

/// What is decided in place of what tasks carry.
type AcceptedJobs = HashMap<JobId, Arc<QueuedJob>>;

/// Begins the transaction of a batch: loads and locks what its commands need. A client was promised
/// that an accepted job is done: it is decided as it was accepted, whatever its task carries.
pub(crate) async fn load(
    database: &Database,
    attempts: &[Attempt],
) -> Result<LoadedBatch, StoreError> {
    let mut accepted = AcceptedJobs::new();
    loop {
        let mut needs = Needs::default();
        for Attempt { job, .. } in attempts {
            let job = accepted.get(&job.id()).unwrap_or(job);
            job.command.needs(job.client, &mut needs);
        }
        let ids = attempts.iter().map(|Attempt { job, .. }| (job.client, job.id()));
        let ids: Vec<(ClientId, JobId)> = ids.collect();
        let (batch, working_set, context) = Batch::begin(database, &needs, &ids).await?;
        let found = read_accepted(&context)?;
        let is_other = |Attempt { job, .. }: &Attempt| {
            let loaded = accepted.get(&job.id()).unwrap_or(job);
            found.get(&job.id()).is_some_and(|found| found.command != loaded.command)
        };
        let needs_others = attempts.iter().any(is_other);
        accepted = found;
        // A task of another request has its place in the queue: Redis had lost the key. The rows of
        // the accepted one are loaded in another transaction.
        if !needs_others {
            return Ok(LoadedBatch { batch, working_set, context, accepted });
        }
    }
}

fn read_accepted(context: &BatchContext) -> Result<AcceptedJobs, StoreError> {
    let read = |(id, accepted): (&JobId, &AcceptedJob)| {
        let unreadable = |_| {
            let (table, column, row) = ("accepted_jobs", "payload", id.to_string());
            StoreError::Inconsistent { table, column, row }
        };
        Ok((*id, Arc::new(QueuedJob::of_accepted(accepted).map_err(unreadable)?)))
    };
    context.accepted.iter().map(read).collect()
}

impl LoadedBatch {
    /// Decides the commands and commits them, all or none. A command that was decided before is not
    /// decided again. Effects for which there are `slots` are claimed, to be performed at once.
    pub(crate) async fn commit(
        self,
        mut attempts: Vec<NumberedAttempt>,
        policy: Policy,
        slots: &Slots,
    ) -> Result<DecidedBatch, StoreError> {
        let Self { batch, working_set, context, accepted } = self;
        for NumberedAttempt { job, .. } in &mut attempts {
            if let Some(accepted) = accepted.get(&job.id()) {
                job.clone_from(accepted);
            }
        }
        let now = context.now;
        let mut decided = decide_all(working_set, &attempts, context, policy);
        let begun: Vec<_> =
            decided.effects.drain(..).map(|effect| slots.begin_new(effect, now)).collect();
        let effects = begun.iter().map(|begun| (&begun.effect, begun.claim())).collect();
        let beside = Beside { effects, ..Beside::default() };
        batch.commit_beside(&decided.changes, &decided.new_entries, &beside).await?;
        decided.begun.extend(begun.into_iter().filter(Begun::is_claimed));
        Ok(decided)
    }
}

/// The decisions of a batch.
#[derive(Debug, Default)]
pub(crate) struct DecidedBatch {
    /// The entries of the command log, one a command, in the order of the batch.
    pub(crate) entries: Vec<LogEntry>,
    /// The entries that this batch adds to the command log.
    pub(crate) new_entries: Vec<LogEntry>,
    /// What the metrics count for each new entry.
    pub(crate) outcomes: Vec<NewOutcome>,
    /// The rows to write.
    pub(crate) changes: Changes,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
    /// That part of it which this worker has claimed, and performs at once.
    pub(crate) begun: Vec<Begun>,
}

/// A decision as the metrics count it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewOutcome {
    /// The kind of command.
    pub(crate) operation: Operation,
    /// `succeeded`, or the code of the refusal.
    pub(crate) outcome: &'static str,
    /// The real time from admission to decision; `None` of a test client, which is no measure of
    /// what others wait for.
    pub(crate) latency: Option<TimeDelta>,
}

/// Decides commands in turn: each sees the changes of those before it, at the time of its client.
/// Pure.
pub(crate) fn decide_all(
    mut working_set: WorkingSet,
    attempts: &[NumberedAttempt],
    context: BatchContext,
    policy: Policy,
) -> DecidedBatch {
    let BatchContext { now: real, decided: mut known, mut new_ids, .. } = context;
    let mut decided = DecidedBatch::default();
    for NumberedAttempt { job, number } in attempts {
        if let Some(entry) = known.get(&job.id()) {
            decided.entries.push(entry.clone());
            continue;
        }
        let clock = working_set.test_clock(job.client);
        let Moment { real, business: now } = Moment::of(clock, real);
        let latency = clock.is_none().then(|| real - job.submitted_at);
        let context = policy.context((job.client, job.id()), now, clock.is_none());
        let decision = decide(&working_set, &context, &job.command, &mut new_ids);
        for change in decision.changes {
            working_set.apply(change.clone());
            decided.changes.push(change);
        }
        decided.effects.extend(decision.effects);
        let entry = LogEntry {
            job: job.id(),
            client: job.client,
            origin: Origin::Client,
            key: job.key.clone(),
            fingerprint: job.fingerprint,
            operation: job.command.operation(),
            input: None,
            user: decision.user,
            entity: decision.outcome.entity_id(),
            answered: contract::answered(job.id(), &decision.outcome, now),
            attempts: *number,
            submitted_at: job.submitted_at,
            decided_at: now,
        };
        if let Some(outcome) = outcome_of(&decision.outcome) {
            let operation = entry.operation;
            decided.outcomes.push(NewOutcome { operation, outcome, latency });
        }
        known.insert(entry.job, entry.clone());
        decided.new_entries.push(entry.clone());
        decided.entries.push(entry);
    }
    decided
}

/// What the metrics call an outcome; `None` of one that is not known yet.
fn outcome_of(outcome: &Outcome) -> Option<&'static str> {
    let refused = |refused| refusal::kind(refused).code();
    outcome.result().map(|result| result.as_ref().map_or_else(refused, |_| "succeeded"))
}
