//! The due lane: passes over everything that is due, at the start and at each tick.
//!
//! A pass finds rows by their state, not by a tick, so nothing is missed during downtime. The lane
//! has one batch in flight, on a connection of its own. It never waits for a lock, and clients go
//! first: see `wait_for_turn`.

use crate::fault::{Fault, Recovery, contained};
use crate::intake::Intake;
use crate::policy::Policy;
use crate::retry::RetryPolicy;
use crate::schedule::apply::{Decided, apply};
use crate::schedule::failing::Failing;
use crate::schedule::finders::{Finder, Found};
use crate::schedule::job::DueJob;
use crate::schedule::ticks::Ticks;
use chrono::TimeDelta;
use std::collections::HashSet;
use std::mem::take;
use std::slice;
use std::time::Duration;
use store::Database;
use tokio::join;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// The most commands of one transaction: few enough that no client waits long for it.
const BATCH_MAX: usize = 128;
/// The most rows that are found at once.
const FOUND_MAX: u32 = 8 * 128;
/// The longest time for which clients hold the lane up: it makes some progress under any load.
const TURN_MAX: Duration = Duration::from_secs(1);
/// How many times as long as a batch took the lane rests after it, if clients sent commands
/// meanwhile: they share the processors with it, and what is due can wait.
const REST: u32 = 4;
/// The pause between two looks whether clients wait.
const TURN_PAUSE: Duration = Duration::from_millis(2);
/// The shortest pause between two passes.
const PASS_PAUSE_MIN: Duration = Duration::from_millis(500);
/// The time after which rows that others had locked are looked for again.
const DEFERRED_PAUSE: Duration = Duration::from_secs(1);

/// The lane of one worker.
pub(crate) struct Lane {
    database: Database,
    intake: Intake,
    policy: Policy,
    retry_policy: RetryPolicy,
    stop: CancellationToken,
    failing: Failing,
    /// How long to rest before the next batch.
    rest: Duration,
}

/// The sum of a pass over one table.
#[derive(Default)]
struct Pass {
    rows: usize,
    deferred: usize,
    is_due_again: bool,
    lag: TimeDelta,
    /// The rows that had failed before or fail now.
    failing: HashSet<i64>,
}

impl Lane {
    /// A lane beside the batches that come from `intake`, with connections of its own to the same
    /// database. It ends with `stop`.
    pub(crate) fn new(
        database: &Database,
        intake: Intake,
        policy: Policy,
        stop: CancellationToken,
    ) -> Self {
        let (database, retry_policy) = (database.for_due(), RetryPolicy::until(stop.clone()));
        Self {
            database,
            intake,
            policy,
            retry_policy,
            stop,
            failing: Failing::default(),
            rest: Duration::ZERO,
        }
    }

    /// Passes over everything that is due now, and at each tick.
    pub(crate) async fn run(mut self, ticks: Ticks, interval: Duration) {
        let stop = self.stop.clone();
        loop {
            let pause = self.pass_all().await.unwrap_or(Duration::MAX);
            let next = timeout(pause, ticks.next(interval));
            if stop.run_until_cancelled(next).await.is_none() {
                return;
            }
        }
    }

    /// Passes over all tables, and returns when to do so again if that is before the next tick.
    pub(crate) async fn pass_all(&mut self) -> Option<Duration> {
        let (mut deferred, mut is_due_again) = (0, false);
        for finder in Finder::ALL {
            let pass = self.pass(finder).await;
            deferred += pass.deferred;
            is_due_again |= pass.is_due_again;
        }
        let again = is_due_again.then_some(PASS_PAUSE_MIN);
        let soon = again.or((deferred > 0).then_some(DEFERRED_PAUSE));
        let next = soon.into_iter().chain(self.failing.next_try(Instant::now())).min();
        // What could not even be looked for would be tried again without a pause.
        next.map(|pause| pause.max(PASS_PAUSE_MIN))
    }

    /// Passes over one table. More rows are found while those before them are processed.
    async fn pass(&mut self, finder: Finder) -> Pass {
        let (kind, mut pass, database) = (finder.kind(), Pass::default(), self.database.clone());
        let find = async |after| finder.find(&database, after, FOUND_MAX).await.map(Some);
        let mut page = find(None).await;
        loop {
            let Found { jobs, unusable, next } = match page {
                Ok(Some(found)) => found,
                Ok(None) => {
                    self.failing.keep_seen(finder, &pass.failing);
                    break;
                }
                Err(error) => {
                    tracing::warn!(kind, %error, "sweep failed; the next one goes on");
                    break;
                }
            };
            for (row, cause) in unusable {
                self.fail(finder, row, &cause, &mut pass);
            }
            let find_next = async { if next.is_some() { find(next).await } else { Ok(None) } };
            let (turn, found) = join!(self.process_all(finder, jobs, &mut pass), find_next);
            if turn.is_none() {
                return pass;
            }
            page = found;
        }
        self.report(finder, &pass);
        pass
    }

    /// Processes jobs in batches, and one by one what failed before or fails in its batch. `None`
    /// if the worker stops.
    async fn process_all(
        &mut self,
        finder: Finder,
        jobs: Vec<DueJob>,
        pass: &mut Pass,
    ) -> Option<()> {
        let jobs = self.fit_to_try(finder, jobs, pass).into_iter();
        let (failed, jobs): (Vec<_>, Vec<_>) =
            jobs.partition(|job| self.failing.has(finder, job.row));
        for batch in jobs.chunks(BATCH_MAX) {
            if let Err(fault) = self.commit(finder, batch, pass).await? {
                tracing::warn!(commands = batch.len(), cause = fault.full_cause(), "batch split");
                self.process_each(finder, batch, pass).await?;
            }
        }
        self.process_each(finder, &failed, pass).await
    }

    /// Processes each job by itself.
    async fn process_each(
        &mut self,
        finder: Finder,
        jobs: &[DueJob],
        pass: &mut Pass,
    ) -> Option<()> {
        for job in jobs {
            match self.commit(finder, slice::from_ref(job), pass).await? {
                Ok(()) => {}
                Err(fault) if fault.recovery() == Recovery::SetAside => pass.deferred += 1,
                Err(fault) => self.fail(finder, job.row, &fault.full_cause(), pass),
            }
        }
        Some(())
    }

    /// The jobs without those that failed lately.
    fn fit_to_try(&self, finder: Finder, jobs: Vec<DueJob>, pass: &mut Pass) -> Vec<DueJob> {
        let known = jobs.iter().map(|job| job.row).filter(|row| self.failing.has(finder, *row));
        pass.failing.extend(known);
        let now = Instant::now();
        jobs.into_iter().filter(|job| !self.failing.is_paused(finder, job.row, now)).collect()
    }

    /// Rests, and waits until no client waits, but not for long. `None` if the worker stops.
    async fn wait_for_turn(&mut self) -> Option<()> {
        let began = Instant::now();
        let rest = sleep(take(&mut self.rest).min(TURN_MAX));
        self.stop.run_until_cancelled(rest).await?;
        while self.intake.has_waiting() && began.elapsed() < TURN_MAX {
            sleep(TURN_PAUSE).await;
        }
        (!self.stop.is_cancelled()).then_some(())
    }

    /// Commits jobs when it is their turn, all or none. `None` if the worker stops.
    async fn commit(
        &mut self,
        finder: Finder,
        jobs: &[DueJob],
        pass: &mut Pass,
    ) -> Option<Result<(), Fault>> {
        self.wait_for_turn().await?;
        let (began, handed_in) = (Instant::now(), self.intake.handed_in());
        let apply = |limit| {
            let (database, jobs, policy) = (self.database.clone(), jobs.to_vec(), self.policy);
            contained(limit, async move { apply(&database, &jobs, policy).await })
        };
        let applied = self.retry_policy.with_postgres(apply).await;
        if self.intake.handed_in() > handed_in {
            self.rest = REST * began.elapsed();
        }
        match applied {
            Ok(decided) => {
                for job in jobs.iter().filter(|job| !decided.deferred.contains(&job.row)) {
                    self.failing.forget(finder, job.row);
                }
                pass.add(finder, &decided);
                Some(Ok(()))
            }
            Err(Fault::Stopping) => None,
            Err(fault) => Some(Err(fault)),
        }
    }

    fn fail(&mut self, finder: Finder, row: i64, cause: &str, pass: &mut Pass) {
        let now = Instant::now();
        if !self.failing.is_paused(finder, row, now) {
            self.failing.note(finder, row, cause, now);
        }
        pass.failing.insert(row);
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge of floats")]
    fn report(&self, finder: Finder, pass: &Pass) {
        let (kind, rows, lag) = (finder.kind(), pass.rows, pass.lag.as_seconds_f64());
        // The counter is there from the first pass on.
        metrics::counter!("commerce_sweep_rows_total", "kind" => kind).increment(0);
        let failing = self.failing.count(finder) as f64;
        metrics::gauge!("commerce_due_failing", "kind" => kind).set(failing);
        if rows > 0 {
            tracing::info!(kind, rows, lag_seconds = lag, "expired");
        }
    }
}

impl Pass {
    fn add(&mut self, finder: Finder, decided: &Decided) {
        let rows = decided.entries.len();
        self.rows += rows;
        self.deferred += decided.deferred.len();
        self.is_due_again |= decided.is_due_again;
        self.lag = self.lag.max(decided.lag);
        metrics::counter!("commerce_sweep_rows_total", "kind" => finder.kind())
            .increment(u64::try_from(rows).unwrap_or_default());
    }
}
