//! The transactions of an advance. Each locks the clock, so that no command of the client is
//! decided meanwhile, and writes what it does together with where the clock stands then.

use crate::effects::Ground;
use crate::fault::{Fault, contained};
use crate::policy::Policy;
use crate::schedule::apply::{decide_all, needs_of};
use crate::schedule::job::DueJob;
use domain::{
    Change, ClientId, Effect, EffectTask, Instant, JobId, Leap, LogEntry, Needs, NewIds,
    SettleClock, TestClock, WorkingSet,
};
use store::effects::Claim;
use store::{Batch, BatchContext, Beside, Database, Progress};

/// What makes the transactions of one advance.
pub(super) struct Step<'a> {
    ground: &'a Ground,
    client: ClientId,
    job: JobId,
    claim: Claim,
}

/// What came of a transaction.
pub(super) enum Done {
    /// The clock stands at the instant, and so many commands were decided as of it.
    Visited { leap: Leap, decided: usize },
    /// Something else is due first: a command of the client came in between, or this is a
    /// repetition of what was committed, and only the reply to that was lost.
    Overtaken { leap: Leap },
    /// The clock is not on that way any more.
    Gone,
    /// A payment of the client is in flight.
    InFlight,
    /// The clock stands at its target, or was stopped, and this job was answered, unless it was
    /// before.
    Settled(Vec<LogEntry>),
}

impl<'a> Step<'a> {
    /// The transactions of the advance that is that effect.
    pub(super) const fn of(ground: &'a Ground, effect: &Effect, claim: Claim) -> Self {
        Self { ground, client: effect.client, job: effect.job, claim }
    }

    pub(super) const fn client(&self) -> ClientId {
        self.client
    }

    /// Does what is due at an instant, and sets the clock to it.
    pub(super) async fn visit(
        &self,
        leap: Leap,
        instant: Instant,
        jobs: &[DueJob],
    ) -> Result<Done, Fault> {
        let visit = |limit| {
            let (begin, claim) = (self.begin(jobs), self.claim);
            let (policy, jobs) = (self.ground.policy, jobs.to_vec());
            contained(limit, async move {
                let Some(transaction) = begin.run().await? else { return Ok(Done::Gone) };
                transaction.visit((leap, claim), instant, &jobs, policy).await
            })
        };
        self.ground.retry_policy.with_postgres(visit).await
    }

    /// Answers the job, and lets the clock stand at its target, or where it is if a payment has
    /// stopped it.
    pub(super) async fn settle(&self, leap: Leap, is_stopped: bool) -> Result<Done, Fault> {
        let settle = |limit| {
            let (begin, claim) = (self.begin(&[]), self.claim);
            let policy = self.ground.policy;
            contained(limit, async move {
                let Some(transaction) = begin.run().await? else { return Ok(Done::Gone) };
                transaction.settle((leap, claim), is_stopped, policy).await
            })
        };
        self.ground.retry_policy.with_postgres(settle).await
    }

    fn begin(&self, jobs: &[DueJob]) -> Begin {
        let (mut needs, client) = (needs_of(jobs), self.client);
        needs.clocks_to_move.insert(client);
        Begin { database: self.ground.database.clone(), client, job: self.job, needs }
    }
}

/// What a transaction begins with.
struct Begin {
    database: Database,
    client: ClientId,
    job: JobId,
    needs: Needs,
}

impl Begin {
    /// Begins it; `None` if the clock is not moved by the job any more.
    async fn run(self) -> Result<Option<Begun>, Fault> {
        let Self { database, client, job, needs } = self;
        let (batch, working_set, context) = Batch::begin(&database, &needs, &[]).await?;
        let moved = working_set.test_clock(client).filter(|clock| clock.target_of(job).is_some());
        let Some(clock) = moved.copied() else { return Ok(None) };
        let BatchContext { now: real, new_ids, .. } = context;
        Ok(Some(Begun { batch, working_set, new_ids, clock, job, real }))
    }
}

/// A transaction that has begun, with the clock locked.
struct Begun {
    batch: Batch,
    working_set: WorkingSet,
    new_ids: NewIds,
    clock: TestClock,
    job: JobId,
    real: Instant,
}

impl Begun {
    async fn visit(
        mut self,
        (leap, claim): (Leap, Claim),
        instant: Instant,
        jobs: &[DueJob],
        policy: Policy,
    ) -> Result<Done, Fault> {
        if self.batch.next_instant(self.clock.client, leap.to).await? != Some(instant) {
            let was_visited = self.clock.now == instant;
            return Ok(Done::Overtaken { leap: if was_visited { leap.at(instant) } else { leap } });
        }
        if self.batch.has_open_payments(self.clock.client).await? {
            return Ok(Done::InFlight);
        }
        let moved = self.clock.at(instant);
        self.working_set.apply(Change::Clock(moved));
        let mut decided = decide_all((self.working_set, self.new_ids), jobs, self.real, policy);
        decided.changes.push(Change::Clock(moved));
        let leap = leap.at(moved.now);
        let task = EffectTask::Clock(leap);
        let progress = vec![(claim, Progress::GoesOn(&task))];
        let beside = Beside { progress, ..decided.beside() };
        self.batch.commit_beside(&decided.changes, &decided.entries, &beside).await?;
        Ok(Done::Visited { leap, decided: decided.entries.len() })
    }

    async fn settle(
        mut self,
        (leap, claim): (Leap, Claim),
        is_stopped: bool,
        policy: Policy,
    ) -> Result<Done, Fault> {
        let client = self.clock.client;
        if !is_stopped && self.batch.has_open_payments(client).await? {
            return Ok(Done::InFlight);
        }
        if !is_stopped && self.batch.next_instant(client, leap.to).await?.is_some() {
            return Ok(Done::Overtaken { leap });
        }
        let to = if is_stopped { self.clock.now } else { leap.to };
        let (job_id, steps) = (self.job, leap.steps);
        let command = SettleClock { job_id, to, steps, stopped_by_payment: is_stopped };
        let settle = DueJob::new(client.get(), to, client, command.into());
        self.working_set.apply(Change::Clock(self.clock.at(to)));
        let decided = decide_all((self.working_set, self.new_ids), &[settle], self.real, policy);
        let beside = Beside { progress: vec![(claim, Progress::Done)], ..decided.beside() };
        let settled = self.batch.commit_beside(&decided.changes, &decided.entries, &beside).await?;
        Ok(Done::Settled(settled))
    }
}
