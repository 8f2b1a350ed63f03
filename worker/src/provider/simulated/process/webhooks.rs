//! The webhooks of the simulated provider, in the form of Stripe's and signed as those.

use super::SimulatedProvider;
use crate::provider::Reply;
use crate::provider::http::{client, send};
use crate::provider::sign::signature;
use reqwest::Client;
use runtime::clock;
use runtime::settings::Secret;
use std::sync::Arc;
use std::time::Duration;
use store::simulated::{ChargeEvent, SimulatedCharge};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The pauses between tries: from the first to the second, each twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// The tries of one webhook: for about half an hour.
const TRIES: u32 = 36;

/// The times for which an answer is held back and a webhook is late, in the erratic manner.
const HELD_BACK: Duration = Duration::from_millis(400);
const LATE: Duration = Duration::from_secs(2);
const COPIES: usize = 3;

/// When webhooks are sent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Manner {
    /// Once, when a charge has ended.
    #[default]
    Prompt,
    /// Some before the answer to the worker, some late, some three times, some never.
    Erratic,
}

/// What is done with the webhooks of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Once,
    /// Three times, and the answer to the worker comes later.
    Early,
    /// Three times, late.
    Late,
    Never,
}

impl Manner {
    /// What is done with the webhooks of the charge of that key, which is a hash.
    fn course(self, key: &str) -> Course {
        match (self, key.bytes().last().unwrap_or_default() % 4) {
            (Self::Prompt, _) | (Self::Erratic, 0) => Course::Once,
            (Self::Erratic, 1) => Course::Early,
            (Self::Erratic, 2) => Course::Late,
            (Self::Erratic, _) => Course::Never,
        }
    }
}

/// Where webhooks go; nowhere if there is no address.
#[derive(Clone)]
pub(super) struct Webhooks(Option<Arc<Target>>);

struct Target {
    client: Client,
    url: String,
    secret: Secret,
    manner: Manner,
    stop: CancellationToken,
}

impl Webhooks {
    pub(super) fn start(
        settings: &SimulatedProvider,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let Some(url) = settings.webhook_url.clone() else { return Ok(Self(None)) };
        let (client, secret) = (client(&url, TIMEOUT)?, settings.webhook_secret.clone());
        let manner = settings.webhooks;
        Ok(Self(Some(Arc::new(Target { client, url, secret, manner, stop }))))
    }

    /// Tells what became of a charge, again and again until it is taken.
    pub(super) fn tell(&self, key: &str, charge: &SimulatedCharge) {
        let Some(target) = self.0.clone() else { return };
        let Some(ChargeEvent { body, .. }) = charge.event(key) else { return };
        let (late, copies) = match target.manner.course(key) {
            Course::Once => (Duration::ZERO, 1),
            Course::Early => (Duration::ZERO, COPIES),
            Course::Late => (LATE, COPIES),
            Course::Never => return,
        };
        for _ in 0..copies {
            let (target, body) = (target.clone(), body.clone());
            tokio::spawn(async move {
                sleep(late).await;
                target.deliver(&body).await;
            });
        }
    }

    /// The time for which the answer to a worker is held back.
    pub(super) fn holds_back(&self, key: &str) -> Duration {
        let is_early = |target: &Arc<Target>| target.manner.course(key) == Course::Early;
        if self.0.as_ref().is_some_and(is_early) { HELD_BACK } else { Duration::ZERO }
    }
}

impl Target {
    async fn deliver(&self, body: &str) {
        let mut pause = PAUSE_MIN;
        for _ in 0..TRIES {
            let now = clock::host().timestamp();
            let Some(signature) = signature(self.secret.expose(), now, body) else { return };
            let request = self
                .client
                .post(&self.url)
                .header("Content-Type", "application/json")
                .header("Stripe-Signature", signature)
                .body(body.to_owned());
            match send(request).await {
                Reply::Said((status, _)) if status.is_success() => return,
                other => tracing::debug!(?other, "a webhook was not taken"),
            }
            if self.stop.run_until_cancelled(sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_with_a_webhook_follows_from_the_charge() {
        for key in ["a0", "a1", "a2", "a3"] {
            assert_eq!(Manner::Prompt.course(key), Course::Once);
        }
        let courses = ["a0", "a1", "a2", "a3"].map(|key| Manner::Erratic.course(key));
        assert_eq!(courses, [Course::Once, Course::Early, Course::Late, Course::Never]);
    }
}
