//! The nemesis: it injects one fault after the other by a seeded schedule, and undoes each.
//!
//! Faults overlap, but each has its target for itself: a fault is skipped when its target is broken
//! already. Every fault ends by itself, in bounded time.

mod administrators;
pub mod age;
mod contention;
mod failover;
mod logs;
mod processes;
mod provider;
pub mod schedule;
mod stores;
mod visitors;

use crate::checker::Span;
use crate::cluster::Cluster;
use crate::history::Recorder;
use anyhow::{Context, Result};
use clap::ValueEnum;
use futures::future::{LocalBoxFuture, ready};
use schedule::{Plan, Schedule};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// What can be done to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// `kill -9` of a worker; started again at once or after a while
    KillWorker,
    /// SIGTERM of a worker; started again when it has stopped
    TermWorker,
    /// SIGSTOP of a worker for longer than its orphan time, then SIGCONT
    StopWorker,
    /// `kill -9` of an api; started again at once or after a while
    KillApi,
    /// SIGTERM of an api; started again when it has stopped
    TermApi,
    /// SIGSTOP of an api, then SIGCONT
    StopApi,
    /// The log of one process is a closed pipe, a pipe that nobody reads, or a full disk
    SpoilLog,
    /// The clock of one process jumps, and back (needs libfaketime)
    JumpClock,
    /// The clock of Redis jumps, and back (needs libfaketime)
    JumpRedisClock,
    /// `kill -9` of Redis; started again on its append-only file
    KillRedis,
    /// A power cut of Redis: its log ends up to a second before; started again on that
    CutPowerOfRedis,
    /// FLUSHALL
    FlushRedis,
    /// `kill -9` of Redis; started again on an empty folder
    EmptyRedis,
    /// Redis refuses every write for want of memory
    FullRedis,
    /// All connections to Redis are cut, new ones refused
    CutRedis,
    /// Bytes to and from Redis come in fits and starts
    SlowRedis,
    /// Bytes to and from Redis stop; nothing is closed
    FreezeRedis,
    /// Connections to Redis, or only the subscriptions, fall silent for good; new ones work
    SilenceRedis,
    /// A replica of Redis is promoted, the address moves to it, and the old master follows it
    DemoteRedis,
    /// `kill -9` of Postgres; started again on its data
    KillPostgres,
    /// `kill -9` of one Postgres backend: all others go down with it, and Postgres recovers
    CrashBackend,
    /// `pg_terminate_backend` of random connections of the product
    TerminateBackends,
    /// All connections to Postgres are cut, new ones refused
    CutPostgres,
    /// Bytes to and from Postgres come in fits and starts
    SlowPostgres,
    /// Bytes to and from Postgres stop; nothing is closed
    FreezePostgres,
    /// Connections to Postgres fall silent for good; new ones work
    SilencePostgres,
    /// Sessions are ended, and the database or the role refuses new ones
    RefuseLogins,
    /// The product's role loses all rights on its tables
    TakeRights,
    /// One row of a user is locked for up to 45 s
    HoldRow,
    /// The type of a column changes, and changes back
    AlterTable,
    /// Commits wait for a synchronous standby that is not there
    LoseStandby,
    /// `kill -9` of Postgres; its synchronous standby is promoted, and the address moves to it
    PromoteStandby,
    /// Hundreds of connections to each api that send half a head, half a body or nothing
    HalfRequests,
    /// Somebody else takes every connection that Postgres has to give
    FillPool,
    /// Somebody else locks rows in the wrong order: deadlocks
    Deadlock,
    /// Somebody else locks many rows for seconds
    LongLock,
    /// All transactions become SERIALIZABLE for a while: serialization failures
    Serializable,
    /// `kill -9` of the provider of payments; started again at once or after a while
    KillProvider,
    /// SIGSTOP of the provider of payments, at times for longer than it is waited for, then SIGCONT
    StopProvider,
    /// All connections to the provider are cut, new ones refused
    CutProvider,
    /// Bytes to and from the provider come in fits and starts
    SlowProvider,
    /// Not a fault: a subscription and a gift are moved to about their end
    Age,
    /// For `--only`: no fault at all
    #[value(name = "none")]
    None,
}

/// A fault that was injected.
#[derive(Debug, Clone, Serialize)]
pub struct Injection {
    /// The kind of fault.
    pub fault: Fault,
    /// The name of its target.
    pub target: String,
    /// The time at which it began, in microseconds of the campaign.
    pub began_us: u64,
    /// The time at which everything worked again.
    pub ended_us: u64,
    /// The error, if it could not be done or undone as planned.
    pub error: Option<String>,
}

impl Fault {
    /// Whether Redis loses what it holds, or the last of it.
    #[must_use]
    pub fn loses_redis(self) -> bool {
        let all = [Self::FlushRedis, Self::EmptyRedis];
        let last = [Self::DemoteRedis, Self::CutPowerOfRedis];
        all.contains(&self) || last.contains(&self)
    }

    /// Whether it is a fault of Postgres, so that it may not take what is to be kept there.
    #[must_use]
    pub fn troubles_postgres(self) -> bool {
        use Fault::{
            AlterTable, CrashBackend, CutPostgres, Deadlock, FillPool, FreezePostgres, HoldRow,
            KillPostgres, LongLock, LoseStandby, PromoteStandby, RefuseLogins, Serializable,
            SilencePostgres, SlowPostgres, TakeRights, TerminateBackends,
        };
        let servers = [KillPostgres, CrashBackend, TerminateBackends, LoseStandby, PromoteStandby];
        let network = [CutPostgres, SlowPostgres, FreezePostgres, SilencePostgres];
        let others = [RefuseLogins, TakeRights, HoldRow, AlterTable, FillPool];
        let locks = [Deadlock, LongLock, Serializable];
        servers.contains(&self)
            || network.contains(&self)
            || others.contains(&self)
            || locks.contains(&self)
    }

    /// Whether it can keep everybody from being served while it is there.
    #[must_use]
    pub fn stops_all(self) -> bool {
        let few = [Self::HoldRow, Self::AlterTable, Self::HalfRequests, Self::Age, Self::None];
        // What costs nothing goes on without a provider.
        let payments =
            [Self::KillProvider, Self::StopProvider, Self::CutProvider, Self::SlowProvider];
        !few.contains(&self) && !payments.contains(&self)
    }
}

impl Injection {
    /// The time from its beginning until it was undone.
    #[must_use]
    pub fn span(&self) -> Span {
        Span { from_us: self.began_us, to_us: self.ended_us }
    }
}

/// What is done when a fault is over, while everything works.
type Repair = LocalBoxFuture<'static, Result<()>>;

/// A fault that is about to be injected, with its target.
struct Begun {
    target: String,
    run: LocalBoxFuture<'static, Result<Repair>>,
}

impl Begun {
    fn new(target: impl Into<String>, run: impl Future<Output = Result<()>> + 'static) -> Self {
        let run = async move {
            run.await?;
            Ok(Box::pin(ready(Ok(()))) as Repair)
        };
        Self::with_repair(target, run)
    }

    fn with_repair(
        target: impl Into<String>,
        run: impl Future<Output = Result<Repair>> + 'static,
    ) -> Self {
        Self { target: target.into(), run: Box::pin(run) }
    }

    /// Runs the fault and its repair. Returns when the fault was over, and what went wrong.
    async fn end(self, recorder: &Recorder) -> (u64, Option<String>) {
        let ended = in_time(self.run).await;
        let ended_us = recorder.now_us();
        let repaired = match ended {
            Ok(repair) => in_time(repair).await,
            Err(error) => Err(error),
        };
        (ended_us, repaired.err().map(|error| format!("{error:#}")))
    }
}

/// The longest time of a fault, and of a repair.
const LONGEST: Duration = Duration::from_secs(90);

async fn in_time<T>(run: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(LONGEST, run)
        .await
        .with_context(|| format!("not over after {LONGEST:?}"))?
}

/// Injects faults until `stop`, and returns when all of them have ended. Call it within a
/// `LocalSet`.
pub async fn run(
    cluster: Arc<Cluster>,
    mut schedule: Schedule,
    recorder: Arc<Recorder>,
    injected: Arc<Mutex<Vec<Injection>>>,
    stop: CancellationToken,
) {
    let mut running = JoinSet::new();
    while let Some(plan) = schedule.draw() {
        if stop.run_until_cancelled(tokio::time::sleep(plan.after)).await.is_none() {
            break;
        }
        while running.try_join_next().is_some() {}
        let Some(begun) = begin(&cluster, &plan) else { continue };
        let (recorder, injected) = (recorder.clone(), injected.clone());
        running.spawn_local(async move {
            let (began_us, target) = (recorder.now_us(), begun.target.clone());
            let (ended_us, error) = begun.end(&recorder).await;
            let injection = Injection { fault: plan.fault, target, began_us, ended_us, error };
            injected.lock().unwrap_or_else(PoisonError::into_inner).push(injection);
        });
    }
    if schedule.is_empty() {
        stop.cancelled().await;
    }
    while running.join_next().await.is_some() {}
}

/// The fault of `plan`; `None` when its target is broken already.
fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    processes::begin(cluster, plan)
        .or_else(|| stores::begin(cluster, plan))
        .or_else(|| failover::begin(cluster, plan))
        .or_else(|| contention::begin(cluster, plan))
        .or_else(|| administrators::begin(cluster, plan))
        .or_else(|| visitors::begin(cluster, plan))
        .or_else(|| logs::begin(cluster, plan))
        .or_else(|| provider::begin(cluster, plan))
}
