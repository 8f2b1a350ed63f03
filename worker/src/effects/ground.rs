//! What every kind of effect is performed with.

use super::settler::Settler;
use super::slots::Slots;
use crate::fault::Fault;
use crate::intake::Presence;
use crate::policy::Policy;
use crate::provider::Providers;
use crate::retry::RetryPolicy;
use domain::{ClientId, DetachedMethod, Effect, EffectTask, Provider, UserId};
use std::sync::Arc;
use std::time::Duration;
use store::effects::{self, Claim};
use store::{Database, customers};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The longest time for which commands of clients hold a transaction of an effect up.
const TURN_MAX: Duration = Duration::from_secs(1);
/// The pause between two looks whether clients wait.
const TURN_PAUSE: Duration = Duration::from_millis(2);

/// What every kind of effect is performed with.
pub(crate) struct Ground {
    /// Connections of its own to Postgres.
    pub(crate) database: Database,
    /// Those who go first.
    pub(crate) clients: Presence,
    /// What decisions depend on.
    pub(crate) policy: Policy,
    /// Who takes payments.
    pub(crate) providers: Providers,
    /// The slots in which effects are performed.
    pub(crate) slots: Slots,
    /// Who settles what they have come to.
    pub(crate) settler: Settler,
    /// Tells the runner that there are effects that nobody has claimed.
    pub(crate) look: Arc<Notify>,
    /// The real time. Tests have one of their own.
    pub(crate) real: fn() -> domain::Instant,
    /// How long Postgres is waited for.
    pub(crate) retry_policy: RetryPolicy,
    /// The token that is cancelled when the worker stops.
    pub(crate) stop: CancellationToken,
}

impl Ground {
    /// The real time.
    pub(super) fn now(&self) -> domain::Instant {
        (self.real)()
    }

    /// Waits until no command of a client waits, but not for long. Fails if the worker stops.
    pub(super) async fn wait_for_turn(&self) -> Result<(), Fault> {
        let began = Instant::now();
        while self.clients.has_waiting() && began.elapsed() < TURN_MAX {
            sleep(TURN_PAUSE).await;
        }
        if self.stop.is_cancelled() { Err(Fault::Stopping) } else { Ok(()) }
    }

    /// What comes of something that may be dropped. Fails if the worker stops first.
    pub(super) async fn unless_stopped<T>(
        &self,
        something: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        self.stop.run_until_cancelled(something).await.ok_or(Fault::Stopping)
    }

    /// Writes how far an effect is.
    pub(super) async fn note(&self, claim: Claim, task: &EffectTask) -> Result<(), Fault> {
        let note = |_| async { Ok(effects::note(&self.database, claim, task).await?) };
        self.retry_policy.with_postgres(note).await
    }

    /// Deletes an effect that there is nothing to do for any more.
    pub(super) async fn forget(&self, claim: Claim) -> Result<(), Fault> {
        let forget = |_| async { Ok(effects::forget(&self.database, claim).await?) };
        self.retry_policy.with_postgres(forget).await
    }

    /// The names by which a provider knows a user, if it lists by them.
    pub(super) async fn customers(
        &self,
        of: (ClientId, UserId),
        provider: Provider,
    ) -> Result<Vec<String>, Fault> {
        if provider == Provider::Simulated {
            return Ok(Vec::new());
        }
        let look = |_| async { Ok(customers::of(&self.database, of, provider).await?) };
        self.retry_policy.with_postgres(look).await
    }

    /// Whether a user has a method that the provider knows by the name of one that was taken away.
    pub(super) async fn has_method(
        &self,
        client: ClientId,
        method: &DetachedMethod,
    ) -> Result<bool, Fault> {
        let DetachedMethod { user, provider, reference, .. } = method;
        let of = (client, *user);
        let look = |_| async {
            Ok(customers::has_method(&self.database, of, (*provider, reference)).await?)
        };
        self.retry_policy.with_postgres(look).await
    }
}

/// An effect that is performed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Task<'a> {
    /// The effect.
    pub(crate) effect: &'a Effect,
    /// The claim to it.
    pub(crate) claim: Claim,
    /// How often it was claimed since it got on, this time included.
    pub(crate) attempts: u32,
    /// Whether it was written just now, as one that is sent.
    pub(crate) is_sent: bool,
}
