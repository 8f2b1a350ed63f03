//! Attempts at commands.

use crate::apply::NumberedAttempt;
use crate::policy::Policy;
use chrono::{TimeDelta, TimeZone, Utc};
use domain::{ClientId, Command, Fingerprint, IdempotencyKey, Instant};
use queue::QueuedJob;
use runtime::settings::PaymentsSetting;
use std::sync::Arc;

pub(crate) const POLICY: Policy =
    Policy { gift_ttl: TimeDelta::days(30), payments: PaymentsSetting::Simulated };

/// When all jobs of these tests were admitted.
pub(crate) fn admitted() -> Instant {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()
}

/// The first attempt at a command of a client.
pub(crate) fn attempt_of(client: ClientId, key: &str, command: Command) -> NumberedAttempt {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    let fingerprint = Fingerprint::of_request("POST", "/", format!("{command:?}").as_bytes());
    let job = QueuedJob::new(client, key, fingerprint, admitted(), command);
    NumberedAttempt { job: Arc::new(job), number: 1 }
}

/// First attempts at commands of a client, each with a key of its own.
pub(crate) fn attempts_of(
    client: ClientId,
    commands: impl IntoIterator<Item = Command>,
) -> Vec<NumberedAttempt> {
    let numbered = commands.into_iter().enumerate();
    numbered.map(|(n, command)| attempt_of(client, &format!("key{n}"), command)).collect()
}
