//! The runner: claims effects that are due and performs them, a few at once.
//!
//! A claim is a lease, which is renewed while the effect is performed. What a worker leaves behind
//! that was killed is taken over by another one when its lease has ended. No transaction is open
//! while something outside is waited for.

use super::ground::{Ground, Task};
use super::performed::Performed;
use super::settlement::Settled;
use super::settler::Settler;
use super::slots::{Begun, Pool, Slot, Slots};
use super::{backoff, charge, clock, detach_method, pay_back, set_up_method, stop_charge};
use crate::fault::{Fault, Recovery};
use crate::intake::Presence;
use crate::provider::Providers;
use crate::publish;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use domain::{EffectTask, LogEntry};
use queue::{Queue, QueueError};
use runtime::coalesce::Coalescer;
use runtime::{bootstrap, clock as real_clock};
use std::sync::Arc;
use std::time::Duration;
use store::effects::{self, Claim, Claimed, LEASE};
use store::{Database, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The time between two looks for effects that are due. What a command of a client has begun is
/// performed without a look.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The time between two counts of all effects.
const COUNT_INTERVAL: Duration = Duration::from_secs(5);
/// The time after which a lease is renewed, so that two renewals may fail before it ends.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(9);

/// The most answers of one call.
const PUBLISHED_MAX: usize = 64;
/// The pause after which what others had locked is tried again.
const LOCKED_PAUSE: Duration = Duration::from_secs(1);

/// The runner of a worker, shared by its clones.
#[derive(Clone)]
pub(crate) struct Runner(Arc<Shared>);

struct Shared {
    ground: Ground,
    /// A connection of its own to Postgres, for leases.
    leases: Database,
    /// Publishes answers. Those that come while others are published share the next call.
    published: Coalescer<LogEntry, (), QueueError>,
    tasks: TaskTracker,
}

impl Runner {
    /// A runner with connections of its own to the same database.
    pub(crate) fn new(
        database: &Database,
        queue: Queue,
        clients: Presence,
        settings: &Settings,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let database = database.for_effects();
        let providers = Providers::new(&settings.providers, &database)?;
        let (slots, policy) = (Slots::default(), settings.policy());
        let settler = Settler::new(&database, &slots, policy);
        let ground = Ground {
            database,
            clients,
            policy,
            providers,
            slots,
            settler,
            look: Arc::new(Notify::new()),
            real: real_clock::now,
            retry_policy: RetryPolicy::until(stop.clone()),
            stop,
        };
        Ok(Self::on(ground, queue))
    }

    /// A runner on that ground.
    pub(crate) fn on(ground: Ground, queue: Queue) -> Self {
        let leases = ground.database.for_leases();
        let published = Coalescer::new(PUBLISHED_MAX, 1, move |entries| {
            publish_together(queue.clone(), entries)
        });
        Self(Arc::new(Shared { ground, leases, published, tasks: TaskTracker::new() }))
    }

    /// What effects are performed with.
    pub(crate) fn ground(&self) -> &Ground {
        &self.0.ground
    }

    /// The slots in which effects are performed.
    pub(crate) fn slots(&self) -> Slots {
        self.0.ground.slots.clone()
    }

    /// Claims and performs what is due, until the worker stops and nothing is performed any more.
    pub(crate) async fn run(self) {
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut counted = None;
        let Ground { stop, look, slots, .. } = &self.0.ground;
        loop {
            let next = async {
                tokio::select! {
                    _ = ticks.tick() => true,
                    () = look.notified() => true,
                    () = slots.freed() => false,
                }
            };
            let Some(looks_at_all) = stop.run_until_cancelled(next).await else { break };
            for pool in Pool::ALL {
                if looks_at_all || slots.has_more(pool) {
                    self.take_due(pool).await;
                }
            }
            if counted.is_none_or(|at: Instant| COUNT_INTERVAL <= at.elapsed()) {
                counted = Some(Instant::now());
                self.report().await;
            }
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn take_due(&self, pool: Pool) {
        let Ground { database, slots: all, .. } = &self.0.ground;
        let slots = all.spare(pool);
        let limit = u32::try_from(slots.len()).unwrap_or_default();
        if limit == 0 {
            all.found(pool, true);
            return;
        }
        let claimed = match pool {
            Pool::Clocks => effects::claim_clocks(database, limit).await,
            Pool::Others => effects::claim_of(database, &pool.kinds(), limit).await,
        };
        match claimed {
            Ok(claimed) => {
                all.found(pool, claimed.len() == slots.len());
                for (claimed, slot) in claimed.into_iter().zip(slots) {
                    self.perform_claimed(claimed, slot, false);
                }
            }
            Err(error) => tracing::debug!(%error, "effects that are due were not looked for"),
        }
    }

    fn perform_claimed(&self, claimed: Claimed, slot: Slot, is_sent: bool) {
        let Claimed { claim, attempts, effect } = claimed;
        let runner = self.clone();
        self.0.tasks.spawn(async move {
            match &effect {
                Ok(effect) => runner.perform(Task { effect, claim, attempts, is_sent }).await,
                Err(error) => runner.put_off(claim, attempts, &bootstrap::chain(error)).await,
            }
            drop(slot);
        });
    }

    /// Performs effects that were committed just now and that this worker has claimed.
    pub(crate) fn perform_all(&self, begun: Vec<Begun>) {
        for Begun { effect, claimed } in begun {
            let Some((claim, slot)) = claimed else { continue };
            self.perform_claimed(Claimed { claim, attempts: 1, effect: Ok(effect) }, slot, true);
        }
    }

    /// Performs an effect. If that fails it is due again later, and if the worker stops at once.
    async fn perform(&self, task: Task<'_>) {
        let Task { effect, claim, attempts, .. } = task;
        let kind = effect.task.kind();
        let span = tracing::debug_span!("effect", kind, job = %effect.job);
        let performing = self.task(task).instrument(span);
        let performed = tokio::select! {
            performed = performing => performed,
            () = self.keep_lease(claim) => Err(Fault::Store(StoreError::ClaimLost)),
        };
        match performed {
            Ok(None) => metrics::counter!("commerce_effects_total", "kind" => kind).increment(1),
            Ok(Some(pause)) => self.release(claim, pause).await,
            Err(Fault::Store(StoreError::ClaimLost)) => {
                tracing::info!(kind, job = %effect.job, "another worker has taken the effect over");
            }
            Err(Fault::Stopping) => self.release(claim, Duration::ZERO).await,
            // What others hold for long is not the fault of the effect.
            Err(fault) if fault.recovery() == Recovery::SetAside => {
                tracing::debug!(kind, job = %effect.job, "an effect waits for a lock");
                self.release(claim, LOCKED_PAUSE).await;
            }
            Err(fault) => self.put_off(claim, attempts, &fault.full_cause()).await,
        }
    }

    /// Performs an effect once, and returns the pause after which to do so again, if it is not
    /// done.
    async fn task(&self, task: Task<'_>) -> Result<Option<Duration>, Fault> {
        let Performed { settled, later } = perform(&self.0.ground, task).await?;
        self.publish_settled(settled).await;
        Ok(later)
    }

    /// Publishes the answers that something has brought, and performs the effects that it has made.
    pub(crate) async fn publish_settled(&self, Settled { entries, begun }: Settled) {
        self.perform_all(begun);
        for entry in entries {
            self.publish(entry).await;
        }
    }

    /// Publishes the answer that an effect has brought, once: if Redis is away, whoever waits finds
    /// it in the command log.
    async fn publish(&self, entry: LogEntry) {
        publish::count_settled(&entry);
        let job = entry.job;
        if let Err(error) = self.0.published.call(entry).await {
            tracing::debug!(%error, %job, "an answer was not published");
        }
    }

    /// Returns when the claim is lost: it was taken over, or the lease has ended unrenewed.
    async fn keep_lease(&self, claim: Claim) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < LEASE {
            sleep(RENEWAL_INTERVAL).await;
            let asked = Instant::now();
            match effects::renew(&self.0.leases, claim).await {
                Ok(true) => renewed = asked,
                Ok(false) => return,
                Err(error) => tracing::debug!(%error, "a lease was not renewed"),
            }
        }
    }

    async fn put_off(&self, claim: Claim, attempts: u32, cause: &str) {
        let effect = claim.id.get();
        tracing::error!(%effect, attempts, cause, "an effect failed; it is tried again later");
        self.release(claim, backoff::pause(attempts)).await;
    }

    async fn release(&self, claim: Claim, delay: Duration) {
        if let Err(error) = effects::give_up(&self.0.ground.database, claim, delay).await {
            tracing::debug!(%error, "an effect is due again when its lease has ended");
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "gauges of floats")]
    async fn report(&self) {
        let Ok(counts) = effects::count(&self.0.ground.database).await else { return };
        for kind in EffectTask::KINDS {
            let count = counts.iter().find(|count| count.kind == kind);
            let (open, failing) = count.map_or((0, 0), |count| (count.open, count.failing));
            metrics::gauge!("commerce_effects_open", "kind" => kind).set(open as f64);
            metrics::gauge!("commerce_effects_failing", "kind" => kind).set(failing as f64);
        }
    }
}

/// Publishes answers in one call.
async fn publish_together(queue: Queue, entries: Vec<LogEntry>) -> Result<Vec<()>, QueueError> {
    queue.publish_settled(&entries).await?;
    Ok(vec![(); entries.len()])
}

/// Performs an effect once.
pub(crate) async fn perform(ground: &Ground, task: Task<'_>) -> Result<Performed, Fault> {
    match &task.effect.task {
        EffectTask::Clock(leap) => clock::lead(ground, task, *leap).await,
        EffectTask::Charge(charge) => charge::perform(ground, task, charge).await,
        EffectTask::SetUpMethod(method) => set_up_method::perform(ground, task, method).await,
        EffectTask::PayBack(pay_back) => pay_back::perform(ground, task, pay_back).await,
        EffectTask::StopCharge(stop) => stop_charge::perform(ground, task, stop).await,
        EffectTask::DetachMethod(method) => detach_method::perform(ground, task, method).await,
    }
}
