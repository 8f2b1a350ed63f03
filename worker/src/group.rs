//! Commands that are applied together, with the completions of their tasks.

use crate::apply::Attempt;
use crate::intake::{Completion, QueuedAttempt};
use domain::{JobId, Needs};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Attempts that began together. They count once, however often they are tried.
#[derive(Debug)]
pub(crate) struct Group {
    /// The attempts.
    pub(crate) attempts: Arc<[Attempt]>,
    /// The completions of their tasks, in the same order.
    pub(crate) completions: Vec<Completion>,
    /// The beginning that they have in common.
    pub(crate) round: Uuid,
    /// How often they were tried while none of their rows seemed to be locked.
    pub(crate) tries: u32,
    next_try: Option<Instant>,
}

impl Group {
    /// Attempts that begin now.
    pub(crate) fn new(queued: impl Iterator<Item = QueuedAttempt>) -> Self {
        let (attempts, completions): (Vec<_>, Vec<_>) =
            queued.map(|queued| (queued.attempt, queued.completion)).unzip();
        Self {
            attempts: attempts.into(),
            completions,
            round: Uuid::new_v4(),
            tries: 0,
            next_try: None,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.attempts.len()
    }

    pub(crate) fn ids(&self) -> Vec<JobId> {
        self.attempts.iter().map(|attempt| attempt.job.id()).collect()
    }

    /// Completes the tasks.
    pub(crate) fn complete(self) {
        self.completions.into_iter().for_each(Completion::complete);
    }

    /// Adds what the commands need.
    pub(crate) fn add_needs(&self, needs: &mut Needs) {
        for Attempt { job, .. } in &*self.attempts {
            job.command.needs(job.client, needs);
        }
    }

    /// Each attempt as a group of its own.
    pub(crate) fn singles(self) -> impl Iterator<Item = Self> {
        let Self { attempts, completions, round, tries, next_try } = self;
        completions.into_iter().enumerate().map(move |(index, completion)| Self {
            attempts: attempts.iter().skip(index).take(1).cloned().collect(),
            completions: vec![completion],
            round,
            tries,
            next_try,
        })
    }

    /// Those that need one of these rows, and the others.
    pub(crate) fn partition(self, locked: &Needs) -> (Option<Self>, Option<Self>) {
        let Self { round, tries, next_try, .. } = self;
        let (mut these, mut others) = (Vec::new(), Vec::new());
        let attempts: Vec<Attempt> = self.attempts.iter().cloned().collect();
        for (attempt, completion) in attempts.into_iter().zip(self.completions) {
            let mut needs = Needs::default();
            attempt.job.command.needs(attempt.job.client, &mut needs);
            let side = if needs.meet(locked) { &mut these } else { &mut others };
            side.push((attempt, completion));
        }
        let group = |members: Vec<_>| {
            let (attempts, completions): (Vec<Attempt>, Vec<_>) = members.into_iter().unzip();
            let group = Self { attempts: attempts.into(), completions, round, tries, next_try };
            (group.len() > 0).then_some(group)
        };
        (group(these), group(others))
    }

    /// Whether the pause after the last try is over.
    pub(crate) fn may_be_tried(&self, now: Instant) -> bool {
        self.next_try.is_none_or(|at| at <= now)
    }

    /// The group with one try more, and a pause before the next one that doubles up to `pause_max`.
    pub(crate) fn tried(self, pause: Duration, pause_max: Duration) -> Self {
        let pause = pause.saturating_mul(1 << self.tries.min(10)).min(pause_max);
        Self { tries: self.tries + 1, next_try: Some(Instant::now() + pause), ..self }
    }
}
