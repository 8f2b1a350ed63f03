//! A Stripe for one test: localstripe, a stateful server of Stripe's API that nobody here wrote,
//! behind a relay that knows what localstripe does not.

mod idempotency;
mod local;
mod relay;
mod sign;

pub use local::{API_KEY, LocalStripe};
pub use relay::{Asked, Mishap, Relay, Webhook};
pub use sign::signature;

use crate::eventually;
use crate::shape::text_of;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use support::fresh_folder;

/// What webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_e2e";

const SOON: Duration = Duration::from_secs(20);

/// The server and the relay before it, which end with this.
pub struct Stripe {
    /// The relay, which workers ask.
    pub relay: Relay,
    /// The server.
    pub local: Arc<LocalStripe>,
    folder: PathBuf,
}

impl Stripe {
    /// Starts both. What the server tells by webhooks is kept by the relay.
    pub async fn start() -> Result<Self> {
        let folder = fresh_folder("stripe")?;
        let local = Arc::new(LocalStripe::new(&folder)?);
        local.resume().await?;
        let relay = Relay::start(local.clone()).await?;
        local.tell(&format!("{}/webhooks", relay.url())).await?;
        Ok(Self { relay, local, folder })
    }

    /// Hands a card over, as the page of a shop does, and gives its token.
    pub async fn card(&self, number: &str) -> Result<String> {
        let form = [
            ("type", "card"),
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2035"),
            ("card[cvc]", "123"),
        ];
        let method = self.local.post("/v1/payment_methods", &form).await?;
        Ok(text_of(&method, "id")?.to_owned())
    }

    /// The user does what is asked of him for a payment intent, or fails.
    pub async fn authenticate(&self, intent: &str, success: bool) -> Result<Value> {
        let path = format!("/v1/payment_intents/{intent}");
        let shown = self.local.get(&path).await?;
        let success = if success { "true" } else { "false" };
        let form = [("client_secret", text_of(&shown, "client_secret")?), ("success", success)];
        self.local.post(&format!("{path}/_authenticate"), &form).await
    }

    /// The payment intents of a payment, which are to be one.
    pub async fn intents(&self, payment: &Value) -> Result<Vec<Value>> {
        let payment = payment.to_string();
        let all = self.local.list("/v1/payment_intents").await?;
        let of = |intent: &Value| {
            intent.pointer("/metadata/payment_id").and_then(Value::as_str) == Some(&payment)
        };
        Ok(all.into_iter().filter(of).collect())
    }

    /// The amounts that were taken for a payment and not declined.
    pub async fn taken(&self, payment: &Value) -> Result<Vec<u64>> {
        let intents = self.intents(payment).await?.into_iter();
        let succeeded = intents.filter(|intent| intent["status"] == "succeeded");
        succeeded.map(|intent| amount(&intent)).collect()
    }

    /// The amounts that were paid back of a payment.
    pub async fn paid_back(&self, payment: &Value) -> Result<Vec<u64>> {
        let intents = self.intents(payment).await?;
        let of =
            |refund: &Value| intents.iter().any(|intent| refund["payment_intent"] == intent["id"]);
        let refunds = self.local.list("/v1/refunds").await?;
        refunds.iter().filter(|refund| of(refund)).map(amount).collect()
    }

    /// Waits until a webhook of that type has come that is about that payment.
    pub async fn webhook(&self, kind: &str, payment: &Value) -> Result<Webhook> {
        let payment = payment.to_string();
        eventually(&format!("{kind} of payment {payment}"), SOON, async || {
            let is_it = |webhook: &Webhook| {
                let event = &webhook.event;
                let of = event.pointer("/data/object/metadata/payment_id");
                event["type"] == kind && of.and_then(Value::as_str) == Some(&payment)
            };
            Ok(self.relay.webhooks().into_iter().find(is_it))
        })
        .await
    }

    /// The test has said all.
    pub fn done(self) -> Result<()> {
        let log = self.local.log_text();
        ensure!(!log.contains("Traceback"), "localstripe failed:\n{log}");
        self.local.kill();
        Ok(std::fs::remove_dir_all(&self.folder)?)
    }
}

fn amount(of: &Value) -> Result<u64> {
    of["amount"].as_u64().with_context(|| format!("no amount: {of}"))
}
