//! The runner: claims effects that are due and performs them, a few at once.
//!
//! A claim is a lease, which is renewed while the effect is performed. What a worker leaves behind
//! that was killed is taken over by another one when its lease has ended. No transaction is open
//! while something outside is waited for.

use super::backoff;
use super::clock;
use super::ground::Ground;
use super::slots::{Begun, Slot, Slots};
use crate::fault::{Fault, Recovery};
use crate::intake::Presence;
use crate::publish;
use crate::retry::RetryPolicy;
use crate::settings::Settings;
use domain::{Effect, EffectTask, LogEntry};
use queue::Queue;
use std::sync::Arc;
use std::time::Duration;
use store::effects::{self, Claim, Claimed, LEASE};
use store::{Database, StoreError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The time between two looks for effects that are due. What a command of a client has begun is
/// performed without a look.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The looks from one count of all effects to the next.
const LOOKS_PER_COUNT: u32 = 5;
/// The time after which a lease is renewed, so that two renewals may fail before it ends.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(9);

/// The pause after which what others had locked is tried again.
const LOCKED_PAUSE: Duration = Duration::from_secs(1);

/// The runner of a worker, shared by its clones.
#[derive(Clone)]
pub(crate) struct Runner(Arc<Shared>);

struct Shared {
    ground: Ground,
    queue: Queue,
    slots: Slots,
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
    ) -> Self {
        let ground = Ground {
            database: database.for_effects(),
            clients,
            gift_ttl: settings.gift_ttl(),
            retry_policy: RetryPolicy::until(stop.clone()),
            stop,
        };
        Self(Arc::new(Shared { ground, queue, slots: Slots::default(), tasks: TaskTracker::new() }))
    }

    /// The slots in which effects are performed.
    pub(crate) fn slots(&self) -> Slots {
        self.0.slots.clone()
    }

    /// Claims and performs what is due, until the worker stops and nothing is performed any more.
    pub(crate) async fn run(self) {
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looks = 0;
        while self.0.ground.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.take_due().await;
            if looks % LOOKS_PER_COUNT == 0 {
                self.report().await;
            }
            looks = looks.wrapping_add(1);
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    async fn take_due(&self) {
        let slots = self.0.slots.spare();
        let limit = u32::try_from(slots.len()).unwrap_or_default();
        if limit == 0 {
            return;
        }
        match effects::claim(&self.0.ground.database, limit).await {
            Ok(claimed) => {
                for (claimed, slot) in claimed.into_iter().zip(slots) {
                    self.perform_claimed(claimed, slot);
                }
            }
            Err(error) => tracing::debug!(%error, "effects that are due were not looked for"),
        }
    }

    fn perform_claimed(&self, Claimed { claim, attempts, effect }: Claimed, slot: Slot) {
        let runner = self.clone();
        self.0.tasks.spawn(async move {
            match effect {
                Ok(effect) => runner.perform(&effect, claim, attempts).await,
                Err(error) => runner.put_off(claim, attempts, &error.into()).await,
            }
            drop(slot);
        });
    }

    /// Performs effects that were committed just now and that this worker has claimed.
    pub(crate) fn perform_all(&self, begun: Vec<Begun>) {
        for Begun { effect, claimed } in begun {
            let Some((claim, slot)) = claimed else { continue };
            self.perform_claimed(Claimed { claim, attempts: 1, effect: Ok(effect) }, slot);
        }
    }

    /// Performs an effect. If that fails it is due again later, and if the worker stops at once.
    async fn perform(&self, effect: &Effect, claim: Claim, attempts: u32) {
        let kind = effect.task.kind();
        let span = tracing::debug_span!("effect", kind, job = %effect.job);
        let performing = self.task(effect, claim).instrument(span);
        let performed = tokio::select! {
            performed = performing => performed,
            () = self.keep_lease(claim) => Err(Fault::Store(StoreError::ClaimLost)),
        };
        match performed {
            Ok(()) => metrics::counter!("commerce_effects_total", "kind" => kind).increment(1),
            Err(Fault::Store(StoreError::ClaimLost)) => {
                tracing::info!(kind, job = %effect.job, "another worker has taken the effect over");
            }
            Err(Fault::Stopping) => self.release(claim, Duration::ZERO).await,
            // What others hold for long is not the fault of the effect.
            Err(fault) if fault.recovery() == Recovery::SetAside => {
                tracing::debug!(kind, job = %effect.job, "an effect waits for a lock");
                self.release(claim, LOCKED_PAUSE).await;
            }
            Err(fault) => self.put_off(claim, attempts, &fault).await,
        }
    }

    async fn task(&self, effect: &Effect, claim: Claim) -> Result<(), Fault> {
        let settled = match effect.task {
            EffectTask::Clock(leap) => clock::lead(&self.0.ground, (effect, claim), leap).await?,
        };
        if let Some(entry) = settled {
            self.publish(&entry).await;
        }
        Ok(())
    }

    /// Publishes the answer that an effect has brought, once: if Redis is away, whoever waits finds
    /// it in the command log.
    async fn publish(&self, entry: &LogEntry) {
        publish::count_settled(entry);
        if let Err(error) = self.0.queue.publish_settled(entry).await {
            tracing::debug!(%error, job = %entry.job, "an answer was not published");
        }
    }

    /// Returns when the claim is lost: it was taken over, or the lease has ended unrenewed.
    async fn keep_lease(&self, claim: Claim) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < LEASE {
            sleep(RENEWAL_INTERVAL).await;
            let asked = Instant::now();
            match effects::renew(&self.0.ground.database, claim).await {
                Ok(true) => renewed = asked,
                Ok(false) => return,
                Err(error) => tracing::debug!(%error, "a lease was not renewed"),
            }
        }
    }

    async fn put_off(&self, claim: Claim, attempts: u32, fault: &Fault) {
        let (effect, cause) = (claim.id.get(), fault.full_cause());
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
