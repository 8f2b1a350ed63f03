//! One transaction of the due lane: it locks what nobody else has locked, lets the core decide, and
//! commits.

use crate::fault::Fault;
use crate::schedule::job::DueJob;
use chrono::TimeDelta;
use domain::{Changes, Effect, LogEntry, Moment, Needs, WorkingSet, decide_internal};
use std::collections::HashSet;
use store::{Batch, Beside, Database, Settlement};

/// The decisions on internal commands.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// The rows to write.
    pub(crate) changes: Changes,
    /// The new entries of the command log.
    pub(crate) entries: Vec<LogEntry>,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
    /// The answers of jobs that wait for what was decided.
    pub(crate) settlements: Vec<Settlement>,
    /// The rows that others have locked. They wait for the next pass.
    pub(crate) deferred: HashSet<i64>,
    /// The longest time for which a decided command had been due.
    pub(crate) lag: TimeDelta,
}

/// Decides and commits `jobs`, all or none, except for those whose rows are locked.
pub(crate) async fn apply(
    database: &Database,
    jobs: &[DueJob],
    gift_ttl: TimeDelta,
) -> Result<Decided, Fault> {
    let needs = needs_of(jobs);
    let (batch, working_set, context) = Batch::begin_skip_locked(database, &needs).await?;
    let decided = decide_all(working_set, jobs, Moment::of(None, context.now), gift_ttl);
    batch.commit_beside(&decided.changes, &decided.entries, &decided.beside()).await?;
    Ok(decided)
}

impl Decided {
    /// What belongs to effects. Any runner may claim them.
    pub(crate) fn beside(&self) -> Beside<'_> {
        let effects = self.effects.iter().map(|effect| (effect, None)).collect();
        Beside { effects, settlements: self.settlements.clone(), ..Beside::default() }
    }
}

/// What the commands need.
pub(crate) fn needs_of(jobs: &[DueJob]) -> Needs {
    let mut needs = Needs::default();
    for job in jobs {
        job.command.needs(job.client, &mut needs);
    }
    needs
}

/// Decides the commands in turn: each sees the changes of those before it. Pure.
pub(crate) fn decide_all(
    mut working_set: WorkingSet,
    jobs: &[DueJob],
    moment: Moment,
    gift_ttl: TimeDelta,
) -> Decided {
    let mut decided = Decided::default();
    for job in jobs {
        if !working_set.has_all(&needs_of(std::slice::from_ref(job))) {
            decided.deferred.insert(job.row);
            continue;
        }
        let context = job.context(moment.business, gift_ttl);
        // What another worker has done meanwhile is no longer due.
        let Some(decision) = decide_internal(&working_set, &context, &job.command) else {
            continue;
        };
        decided.entries.push(job.entry(&context, moment.real, &decision));
        decided.settlements.extend(job.settlement(&context, &decision));
        decided.effects.extend(decision.effects);
        decided.lag = decided.lag.max(moment.business - job.due_at);
        for change in decision.changes {
            working_set.apply(change.clone());
            decided.changes.push(change);
        }
    }
    decided
}
