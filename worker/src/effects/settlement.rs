//! The transaction of settlements.

use super::slots::{Begun, Slots};
use crate::fault::Fault;
use crate::policy::Policy;
use crate::schedule::apply::{Decided, decide_all, needs_of};
use crate::schedule::job::DueJob;
use domain::{EffectTask, JobId, LogEntry, ProviderNews, RefundOutcome, SettleRefund};
use std::collections::HashMap;
use std::mem::take;
use store::effects::Claim;
use store::{Batch, BatchContext, Beside, Database, Progress};

/// What is to be settled.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    /// The command.
    pub(crate) job: DueJob,
    /// The effect in whose course it is settled, if in that of any.
    pub(crate) course: Option<Course>,
}

/// The effect in whose course something is settled, and how far it is then.
#[derive(Debug, Clone)]
pub(crate) enum Course {
    /// It is done.
    Done(Claim),
    /// It goes on.
    GoesOn(Claim, EffectTask),
}

/// What a settlement has come to.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// The entries of the jobs that it has answered.
    pub(crate) entries: Vec<LogEntry>,
    /// The effects that it has made and that this worker has claimed.
    pub(crate) begun: Vec<Begun>,
}

impl Settled {
    /// Adds what another one has come to.
    pub(super) fn add(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.begun.extend(other.begun);
    }
}

impl Course {
    const fn progress(&self) -> (Claim, Progress<'_>) {
        match self {
            Self::Done(claim) => (*claim, Progress::Done),
            Self::GoesOn(claim, task) => (*claim, Progress::GoesOn(task)),
        }
    }
}

/// Decides and commits settlements, all or none, and returns what each has come to.
pub(crate) async fn commit(
    database: &Database,
    slots: &Slots,
    policy: Policy,
    settlements: &[Settlement],
) -> Result<Vec<Settled>, Fault> {
    let jobs = || settlements.iter().map(|settlement| &settlement.job);
    let mut needs = needs_of(jobs());
    // A clock that is moved stands still meanwhile.
    needs.clocks.extend(jobs().map(|job| job.client));
    let ids: Vec<_> = jobs().map(|job| (job.client, job.id())).collect();
    let (batch, working_set, context) = Batch::begin(database, &needs, &ids).await?;
    let BatchContext { now: real, decided: known, new_ids, .. } = context;
    let new = jobs().filter(|job| !known.contains_key(&job.id()));
    let mut decided = decide_all((working_set, new_ids), new, real, policy);
    // Its rows were asked for, and are not there: to say that it is done would lose it.
    if !decided.deferred.is_empty() {
        return Err(Fault::NotSettled);
    }
    let effects = take(&mut decided.effects).into_iter();
    let begun: Vec<Begun> = effects.map(|effect| slots.begin_new(effect, real)).collect();
    let courses = settlements.iter().filter_map(|settlement| settlement.course.as_ref());
    let beside = Beside {
        effects: begun.iter().map(|begun| (&begun.effect, begun.claim())).collect(),
        progress: courses.map(Course::progress).collect(),
        ..decided.beside()
    };
    let entries = batch.commit_beside(&decided.changes, &decided.entries, &beside).await?;
    jobs().filter(|job| decided.has(job.id())).for_each(report);
    Ok(split(settlements, &decided, entries, begun))
}

/// Gives each settlement what is its own.
fn split(
    settlements: &[Settlement],
    decided: &Decided,
    entries: Vec<LogEntry>,
    begun: Vec<Begun>,
) -> Vec<Settled> {
    let mut entries: HashMap<JobId, LogEntry> =
        entries.into_iter().map(|entry| (entry.job, entry)).collect();
    let mut begun_by: HashMap<JobId, Vec<Begun>> = HashMap::new();
    for begun in begun.into_iter().filter(Begun::is_claimed) {
        begun_by.entry(begun.effect.job).or_default().push(begun);
    }
    let settled = |Settlement { job, .. }: &Settlement| {
        let answered = decided.answers.iter().find(|(by, _)| *by == job.id());
        let entry = answered.and_then(|(_, answer)| entries.remove(&answer.job));
        let begun = begun_by.remove(&job.id()).unwrap_or_default();
        Settled { entries: entry.into_iter().collect(), begun }
    };
    settlements.iter().map(settled).collect()
}

/// Tells of a settlement that somebody has to do something about.
fn report(job: &DueJob) {
    let Some(ProviderNews::Refund(refund)) = job.command.provider_news() else { return };
    let SettleRefund { refund_id, payment_id, outcome } = refund;
    if *outcome == RefundOutcome::Failed {
        metrics::counter!("commerce_refunds_failed_total").increment(1);
        let (client, refund, payment) = (job.client, refund_id, payment_id);
        tracing::error!(%client, %refund, %payment, "a refund has failed: pay it back by hand");
    }
}
