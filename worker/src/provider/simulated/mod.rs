//! The simulated provider: it takes no real money, and what it does follows from the token of the
//! method. It keeps its charges in a table of its own, so that charges can be counted.
//!
//! Each worker simulates by itself (`engine`), or asks a process of its own (`remote`), which does
//! the same (`process`).

mod engine;
pub(crate) mod process;
mod remote;
#[cfg(test)]
mod tests;
mod token;
mod wire;

use super::settings::ProviderSettings;
use super::{Call, Gateway, Reply};
use domain::{
    Charge, ChargeOutcome, ClientId, DetachedMethod, MethodOutcome, PayBack, PaymentId, Provider,
    RefundOutcome, SetUpMethod, StopCharge,
};
use engine::Engine;
use remote::Remote;
use std::fmt::Display;
use std::time::Duration;
use store::Database;
use store::simulated::Durability;
use tokio::time::timeout;
use wire::{AskedCharge, AskedMethod, AskedRefund};

/// The simulated provider, in this process or in another one.
pub(super) enum Simulated {
    Here { engine: Box<Engine>, timeout: Duration },
    Elsewhere(Remote),
}

impl Simulated {
    pub(super) fn new(settings: &ProviderSettings, database: &Database) -> anyhow::Result<Self> {
        if let Some(url) = &settings.simulated_url {
            return Ok(Self::Elsewhere(Remote::new(url.expose(), settings.timeout())?));
        }
        // What comes of a charge is told by a settlement in the same Postgres. If a power cut takes
        // both, the charge is sent again.
        let engine = Box::new(Engine::new(database.clone(), Durability::OfWhatFollows));
        Ok(Self::Here { engine, timeout: settings.timeout() })
    }

    /// The payment of an intent, which is a charge by the name that events have for it.
    pub(super) async fn payment_of(&self, intent: &str) -> Reply<Option<(ClientId, PaymentId)>> {
        let key = intent.strip_prefix("pi_").unwrap_or_default();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Reply::Said(None);
        }
        match self {
            Self::Here { engine, timeout } => here(*timeout, engine.payment_of(key)).await,
            Self::Elsewhere(remote) => remote.payment_of(key).await,
        }
    }
}

/// What comes of a call here, which is as silent as one elsewhere after the time-out. What Postgres
/// has not committed may be sent again: the key tells.
async fn here<T, E: Display>(
    limit: Duration,
    call: impl Future<Output = Result<Reply<T>, E>>,
) -> Reply<T> {
    match timeout(limit, call).await {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => Reply::Unsent(error.to_string()),
        Err(_) => Reply::Unknown("it did not answer in time".to_owned()),
    }
}

impl Gateway for Simulated {
    async fn charge(&self, call: Call<'_, Charge>) -> Reply<ChargeOutcome> {
        let asked = AskedCharge::of(call);
        match self {
            Self::Here { engine, timeout } => here(*timeout, engine.charge(&asked)).await,
            Self::Elsewhere(remote) => remote.charge(&asked).await,
        }
    }

    async fn look_up(&self, call: Call<'_, Charge>) -> Reply<Option<ChargeOutcome>> {
        let key = Provider::charge_key(call.client, call.what.payment);
        match self {
            Self::Here { engine, timeout } => here(*timeout, engine.look_up(&key)).await,
            Self::Elsewhere(remote) => remote.look_up(&key).await,
        }
    }

    async fn set_up_method(&self, call: Call<'_, SetUpMethod>) -> Reply<MethodOutcome> {
        let asked = AskedMethod::of(call);
        match self {
            Self::Here { .. } => Reply::Said(engine::method(&asked)),
            Self::Elsewhere(remote) => remote.set_up_method(&asked).await,
        }
    }

    /// It keeps no methods.
    async fn detach_method(&self, _: Call<'_, DetachedMethod>) -> Reply<()> {
        Reply::Said(())
    }

    async fn refund(&self, call: Call<'_, PayBack>, _: &[String]) -> Reply<RefundOutcome> {
        let asked = AskedRefund::of(call);
        match self {
            Self::Here { engine, timeout } => here(*timeout, engine.refund(&asked)).await,
            Self::Elsewhere(remote) => remote.refund(&asked).await,
        }
    }

    async fn look_up_refund(
        &self,
        call: Call<'_, PayBack>,
        _: &[String],
    ) -> Reply<Option<RefundOutcome>> {
        let key = Provider::refund_key(call.client, call.what.refund);
        match self {
            Self::Here { engine, timeout } => here(*timeout, engine.look_up_refund(&key)).await,
            Self::Elsewhere(remote) => remote.look_up_refund(&key).await,
        }
    }

    async fn stop(&self, call: Call<'_, StopCharge>, _: &[String]) -> Reply<Option<ChargeOutcome>> {
        let key = Provider::charge_key(call.client, call.what.payment);
        match self {
            Self::Here { engine, timeout } => here(*timeout, engine.stop(&key)).await,
            Self::Elsewhere(remote) => remote.stop(&key).await,
        }
    }
}
