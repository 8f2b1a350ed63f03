//! One transaction of the due lane: it locks what nobody else has locked, lets the core decide, and
//! commits.

use crate::fault::Fault;
use crate::policy::Policy;
use crate::schedule::job::DueJob;
use chrono::TimeDelta;
use domain::{
    Change, Changes, Effect, Instant, JobId, LogEntry, Moment, Needs, NewIds, WorkingSet,
    decide_internal,
};
use std::collections::HashSet;
use store::{Batch, Beside, Database, LateAnswer};

/// The decisions on internal commands.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// The rows to write.
    pub(crate) changes: Changes,
    /// The new entries of the command log.
    pub(crate) entries: Vec<LogEntry>,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
    /// The answers of jobs that wait for what was decided, with the commands that bring them.
    pub(crate) answers: Vec<(JobId, LateAnswer)>,
    /// The rows that others have locked. They wait for the next pass.
    pub(crate) deferred: HashSet<i64>,
    /// Whether something that was decided is due again: what is earned at an end, for example,
    /// comes before what follows on it.
    pub(crate) is_due_again: bool,
    /// The longest time for which a decided command had been due.
    pub(crate) lag: TimeDelta,
}

/// Decides and commits `jobs`, all or none, except for those whose rows are locked.
pub(crate) async fn apply(
    database: &Database,
    jobs: &[DueJob],
    policy: Policy,
) -> Result<Decided, Fault> {
    let needs = needs_of(jobs);
    let (batch, working_set, context) = Batch::begin_skip_locked(database, &needs).await?;
    let decided = decide_all((working_set, context.new_ids), jobs, context.now, policy);
    batch.commit_beside(&decided.changes, &decided.entries, &decided.beside()).await?;
    Ok(decided)
}

impl Decided {
    /// Whether that job was decided.
    pub(crate) fn has(&self, job: JobId) -> bool {
        self.entries.iter().any(|entry| entry.job == job)
    }

    /// What belongs to effects. Any runner may claim them.
    pub(crate) fn beside(&self) -> Beside<'_> {
        let effects = self.effects.iter().map(|effect| (effect, None)).collect();
        let answers = self.answers.iter().map(|(_, answer)| answer.clone()).collect();
        Beside { effects, answers, ..Beside::default() }
    }
}

/// What the commands need.
pub(crate) fn needs_of<'a>(jobs: impl IntoIterator<Item = &'a DueJob>) -> Needs {
    let mut needs = Needs::default();
    for job in jobs {
        job.command.needs(job.client, &mut needs);
    }
    needs
}

/// Decides the commands in turn: each sees the changes of those before it, at the time of its
/// client. Pure.
pub(crate) fn decide_all<'a>(
    (mut working_set, mut new_ids): (WorkingSet, NewIds),
    jobs: impl IntoIterator<Item = &'a DueJob>,
    real: Instant,
    policy: Policy,
) -> Decided {
    let mut decided = Decided::default();
    for job in jobs {
        if !working_set.has_all(&needs_of(std::slice::from_ref(job))) {
            decided.deferred.insert(job.row);
            continue;
        }
        let clock = working_set.test_clock(job.client);
        let moment = Moment::of(clock, real);
        let context = job.context(moment.business, policy, clock.is_none());
        // What another worker has done meanwhile is no longer due.
        let decided_now = decide_internal(&working_set, &context, &job.command, &mut new_ids);
        let Some(decision) = decided_now else { continue };
        decided.entries.push(job.entry(&context, moment.real, &decision));
        let answer = job.late_answer(&context, &decision);
        decided.answers.extend(answer.map(|answer| (job.id(), answer)));
        decided.effects.extend(decision.effects);
        decided.lag = decided.lag.max(moment.business - job.due_at);
        for change in decision.changes {
            decided.is_due_again |= is_due(&change, moment.business);
            working_set.apply(change.clone());
            decided.changes.push(change);
        }
    }
    decided
}

fn is_due(change: &Change, now: Instant) -> bool {
    let Change::Subscription(subscription) = change else { return false };
    subscription.due_at().is_some_and(|at| at <= now)
}
