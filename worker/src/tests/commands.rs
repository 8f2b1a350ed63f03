//! Commands, and attempts at them.

use crate::apply::NumberedAttempt;
use chrono::{TimeDelta, TimeZone, Utc};
use domain::{
    ClientId, Command, Email, Fingerprint, GiftId, IdempotencyKey, Instant, PlanCode,
    SubscriptionId, UserId,
};
use queue::QueuedJob;
use std::sync::Arc;

pub(crate) const GIFT_TTL: TimeDelta = TimeDelta::days(30);

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

pub(crate) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(crate) fn create_user(address: &str) -> Command {
    Command::CreateUser { email: email(address) }
}

pub(crate) fn subscribe(user: i64) -> Command {
    subscribe_to("monthly", user)
}

pub(crate) fn subscribe_to(plan: &str, user: i64) -> Command {
    let plan = PlanCode::parse(plan).unwrap();
    Command::Subscribe { user_id: UserId::new(user), plan, duration_months: None }
}

pub(crate) const fn renew(subscription: i64, months: u32) -> Command {
    let duration_months = Some(months);
    Command::Renew { subscription_id: SubscriptionId::new(subscription), duration_months }
}

pub(crate) const fn cancel(subscription: i64) -> Command {
    Command::Cancel { subscription_id: SubscriptionId::new(subscription) }
}

pub(crate) fn give(gifter: i64, recipient: &str) -> Command {
    let recipient_email = email(recipient);
    Command::Gift { gifter_id: UserId::new(gifter), recipient_email, duration_months: Some(3) }
}

pub(crate) const fn redeem(gift: i64, user: i64) -> Command {
    Command::Redeem { gift_id: GiftId::new(gift), user_id: UserId::new(user) }
}
