//! The simulated provider as a process of its own, as a worker sees it.

use super::super::Reply;
use super::super::http::{client, send};
use super::wire::{AskedCharge, AskedMethod, AskedRefund};
use anyhow::Context;
use domain::{ChargeOutcome, ClientId, MethodOutcome, PaymentId, RefundOutcome};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A simulated provider at an address.
pub(crate) struct Remote {
    client: Client,
    base: String,
    /// What it is told by which it knows us.
    secret: Option<String>,
}

impl Remote {
    pub(super) fn new(url: &str, timeout: Duration) -> anyhow::Result<Self> {
        let mut url = reqwest::Url::parse(url).context("SIMULATED_URL is no URL")?;
        let secret = url.password().map(str::to_owned);
        // The base is shown to users. Fails of a URL that can have neither.
        let _ = url.set_password(None);
        let _ = url.set_username("");
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { client: client(&base, timeout)?, base, secret })
    }

    pub(super) async fn charge(&self, asked: &AskedCharge) -> Reply<ChargeOutcome> {
        let reply = self.post::<ChargeOutcome>("charges", asked).await;
        reply.map(|outcome| self.here(outcome))
    }

    pub(super) async fn look_up(&self, key: &str) -> Reply<Option<ChargeOutcome>> {
        let found = self.get::<ChargeOutcome>(&format!("charges/{key}")).await;
        found.map(|outcome| outcome.map(|outcome| self.here(outcome)))
    }

    pub(super) async fn payment_of(&self, key: &str) -> Reply<Option<(ClientId, PaymentId)>> {
        self.get(&format!("charges/{key}/payment")).await
    }

    pub(super) async fn set_up_method(&self, asked: &AskedMethod) -> Reply<MethodOutcome> {
        self.post("methods", asked).await
    }

    pub(super) async fn refund(&self, asked: &AskedRefund) -> Reply<RefundOutcome> {
        self.post("refunds", asked).await
    }

    pub(super) async fn look_up_refund(&self, key: &str) -> Reply<Option<RefundOutcome>> {
        self.get(&format!("refunds/{key}")).await
    }

    pub(super) async fn stop(&self, key: &str) -> Reply<Option<ChargeOutcome>> {
        self.post(&format!("charges/{key}/stop"), &()).await
    }

    /// The user acts at that process, not at our api.
    fn here(&self, outcome: ChargeOutcome) -> ChargeOutcome {
        match outcome {
            ChargeOutcome::ActionRequired { action_url } => {
                ChargeOutcome::ActionRequired { action_url: format!("{}{action_url}", self.base) }
            }
            other => other,
        }
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, asked: &impl Serialize) -> Reply<T> {
        let request = self.client.post(format!("{}/{path}", self.base)).json(asked);
        match read(self.known(request)).await {
            Reply::Said(Some(said)) => Reply::Said(said),
            Reply::Said(None) => Reply::Unknown("it answered 404".to_owned()),
            Reply::Unknown(cause) => Reply::Unknown(cause),
            Reply::Unsent(cause) => Reply::Unsent(cause),
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Reply<Option<T>> {
        read(self.known(self.client.get(format!("{}/{path}", self.base)))).await
    }

    fn known(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.secret {
            Some(secret) => request.bearer_auth(secret),
            None => request,
        }
    }
}

/// Sends a request. `None` if there is no such thing.
async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Reply<Option<T>> {
    let (status, body) = match send(request).await {
        Reply::Said(said) => said,
        Reply::Unknown(cause) => return Reply::Unknown(cause),
        Reply::Unsent(cause) => return Reply::Unsent(cause),
    };
    match status {
        StatusCode::OK => match serde_json::from_str(&body) {
            Ok(said) => Reply::Said(Some(said)),
            Err(error) => Reply::Unknown(format!("its answer cannot be read: {error}")),
        },
        StatusCode::NOT_FOUND => Reply::Said(None),
        status => Reply::Unknown(format!("it answered {}", status.as_u16())),
    }
}
