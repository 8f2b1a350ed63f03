//! Providers of payments: who charges, and who is asked what came of it.
//!
//! Each is behind [`Gateway`]. A call may be made twice: its key or what it names makes the second
//! one a look at the first. No answer of a provider is an error here: a [`Reply`] tells whether the
//! provider said something, may have done it, or was not reached.

mod http;
pub(crate) mod settings;
mod sign;
pub(crate) mod simulated;
mod stripe;
pub(crate) mod webhook;

use chrono::TimeDelta;
use domain::{
    Charge, ChargeOutcome, ClientId, DetachedMethod, Instant, MethodOutcome, PayBack, PaymentId,
    Provider, RefundOutcome, SetUpMethod, StopCharge,
};
use settings::ProviderSettings;
use simulated::Simulated;
use std::sync::Arc;
use store::Database;
use stripe::Stripe;

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply<T> {
    /// The provider said so.
    Said(T),
    /// It may have been done, or may not: the provider was silent, failed, or said nonsense.
    Unknown(String),
    /// It was not done: nothing was sent, or the provider takes nothing now.
    Unsent(String),
}

impl<T> Reply<T> {
    pub(super) fn map<U>(self, said: impl FnOnce(T) -> U) -> Reply<U> {
        match self {
            Self::Said(what) => Reply::Said(said(what)),
            Self::Unknown(cause) => Reply::Unknown(cause),
            Self::Unsent(cause) => Reply::Unsent(cause),
        }
    }
}

/// A call for a client.
#[derive(Debug)]
pub(crate) struct Call<'a, T> {
    /// The client.
    pub(crate) client: ClientId,
    /// What it is about.
    pub(crate) what: &'a T,
}

impl<T> Clone for Call<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Call<'_, T> {}

impl<T> Call<'_, T> {
    /// What each provider writes to what it makes, to know it again.
    fn metadata(&self, kind: &'static str, id: i64) -> [(&'static str, String); 2] {
        [("client_id", self.client.to_string()), (kind, id.to_string())]
    }
}

/// A provider of payments.
pub(crate) trait Gateway {
    /// Charges a method. The key is that of the payment, however often it is sent.
    fn charge(&self, call: Call<'_, Charge>) -> impl Future<Output = Reply<ChargeOutcome>> + Send;

    /// Looks what came of a charge. `None` if the provider has none.
    fn look_up(
        &self,
        call: Call<'_, Charge>,
    ) -> impl Future<Output = Reply<Option<ChargeOutcome>>> + Send;

    /// Sets a method up, so that it can be charged whether the user is there or not.
    fn set_up_method(
        &self,
        call: Call<'_, SetUpMethod>,
    ) -> impl Future<Output = Reply<MethodOutcome>> + Send;

    /// Forgets a method, so that nobody can charge it any more.
    fn detach_method(
        &self,
        call: Call<'_, DetachedMethod>,
    ) -> impl Future<Output = Reply<()>> + Send;

    /// Pays money back.
    fn refund(
        &self,
        call: Call<'_, PayBack>,
        customers: &[String],
    ) -> impl Future<Output = Reply<RefundOutcome>> + Send;

    /// Looks what came of a refund. `None` if the provider has none.
    fn look_up_refund(
        &self,
        call: Call<'_, PayBack>,
        customers: &[String],
    ) -> impl Future<Output = Reply<Option<RefundOutcome>>> + Send;

    /// Gives up a charge that waits for the user. Returns its end if it has come to another one.
    fn stop(
        &self,
        call: Call<'_, StopCharge>,
        customers: &[String],
    ) -> impl Future<Output = Reply<Option<ChargeOutcome>>> + Send;
}

/// The providers of a worker, shared by its clones.
#[derive(Clone)]
pub(crate) struct Providers(Arc<Inner>);

struct Inner {
    simulated: Simulated,
    stripe: Option<Stripe>,
}

/// Calls the provider of that name. What is of a provider that is not set up waits. A call is
/// boxed, since it is large and handed on several times.
macro_rules! ask {
    ($providers:expr, $provider:expr, |$gateway:ident| $call:expr) => {
        match ($provider, &$providers.0.stripe) {
            (Provider::Simulated, _) => {
                let $gateway = &$providers.0.simulated;
                Box::pin($call).await
            }
            (Provider::Stripe, Some($gateway)) => Box::pin($call).await,
            (Provider::Stripe, None) => {
                Reply::Unsent("STRIPE_API_KEY is not set on this worker".to_owned())
            }
        }
    };
}

impl Providers {
    /// The providers of those settings. The simulated one keeps its charges in that database,
    /// unless it is a process of its own.
    pub(crate) fn new(settings: &ProviderSettings, database: &Database) -> anyhow::Result<Self> {
        let simulated = Simulated::new(settings, database)?;
        let stripe = Stripe::new(settings)?;
        Ok(Self(Arc::new(Inner { simulated, stripe })))
    }

    /// See [`Gateway::charge`].
    pub(crate) async fn charge(&self, call: Call<'_, Charge>) -> Reply<ChargeOutcome> {
        ask!(self, call.what.provider, |gateway| gateway.charge(call))
    }

    /// See [`Gateway::look_up`].
    pub(crate) async fn look_up(&self, call: Call<'_, Charge>) -> Reply<Option<ChargeOutcome>> {
        ask!(self, call.what.provider, |gateway| gateway.look_up(call))
    }

    /// See [`Gateway::set_up_method`].
    pub(crate) async fn set_up_method(&self, call: Call<'_, SetUpMethod>) -> Reply<MethodOutcome> {
        ask!(self, call.what.provider, |gateway| gateway.set_up_method(call))
    }

    /// See [`Gateway::detach_method`].
    pub(crate) async fn detach_method(&self, call: Call<'_, DetachedMethod>) -> Reply<()> {
        ask!(self, call.what.provider, |gateway| gateway.detach_method(call))
    }

    /// See [`Gateway::refund`].
    pub(crate) async fn refund(
        &self,
        call: Call<'_, PayBack>,
        customers: &[String],
    ) -> Reply<RefundOutcome> {
        ask!(self, call.what.provider, |gateway| gateway.refund(call, customers))
    }

    /// See [`Gateway::look_up_refund`].
    pub(crate) async fn look_up_refund(
        &self,
        call: Call<'_, PayBack>,
        customers: &[String],
    ) -> Reply<Option<RefundOutcome>> {
        ask!(self, call.what.provider, |gateway| gateway.look_up_refund(call, customers))
    }

    /// The payment that an intent of that provider was made for. `None` if we have not made it.
    pub(crate) async fn payment_of(
        &self,
        provider: &str,
        intent: &str,
    ) -> Reply<Option<(ClientId, PaymentId)>> {
        match (Provider::parse(provider), &self.0.stripe) {
            (Some(Provider::Stripe), Some(stripe)) => Box::pin(stripe.payment_of(intent)).await,
            (Some(Provider::Stripe), None) => {
                Reply::Unsent("STRIPE_API_KEY is not set on this worker".to_owned())
            }
            (Some(Provider::Simulated), _) => Box::pin(self.0.simulated.payment_of(intent)).await,
            (None, _) => Reply::Said(None),
        }
    }

    /// See [`Gateway::stop`].
    pub(crate) async fn stop(
        &self,
        call: Call<'_, StopCharge>,
        customers: &[String],
    ) -> Reply<Option<ChargeOutcome>> {
        ask!(self, call.what.provider, |gateway| gateway.stop(call, customers))
    }
}

/// How long before it was first sent a charge may seem to have been made at the provider, whose
/// clock is not ours.
const CLOCKS_APART_MAX: TimeDelta = TimeDelta::hours(1);

/// The earliest instant at which the provider can have made a charge; `None` if it is not known.
fn made_after(charge: &Charge) -> Option<Instant> {
    charge.progress.first_sent?.checked_sub_signed(CLOCKS_APART_MAX)
}
