//! Commands, and how they are applied.

use crate::database::Database;
use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::Value;
use shared::domain::{
    ClientId, Command, Email, Fingerprint, GiftId, IdempotencyKey, Instant, PlanCode,
    SubscriptionId, UserId,
};
use shared::queue::job::QueuedJob;
use shared::store::ledger::Entry;
use shared::store::line::Line;
use shared::store::reads::{self, Page, PageOf};
use shared::store::{PgPool, StoreError};
use std::sync::Arc;
use worker::apply::{Attempt, apply};

pub(crate) const GIFT_TTL: TimeDelta = TimeDelta::days(30);

/// Users 1 to `count` of the local client: `user1@a.org` and so on.
pub(crate) async fn users(database: &Database, count: u32) {
    let insert = format!(
        "INSERT INTO users (client_id, email, created_at)
         SELECT 2, 'user' || n || '@a.org', now() FROM generate_series(1, {count}) AS n"
    );
    database.run(&insert).await;
}

/// The newest subscriptions of a user.
pub(crate) async fn newest(database: &Database, user: UserId, limit: u32) -> Page {
    let asked = PageOf { client: ClientId::LOCAL, user, before: None, limit };
    let pages = reads::subscriptions(&Line::new(database.pool.clone()), &[asked]).await.unwrap();
    pages.into_iter().next().flatten().unwrap()
}

/// When all jobs of these tests were admitted.
pub(crate) fn admitted() -> Instant {
    Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap()
}

pub(crate) fn attempt_of(client: ClientId, key: &str, command: Command) -> Attempt {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    let body = serde_json::to_vec(&command).unwrap();
    let fingerprint = Fingerprint::of_request("POST", "/", &body);
    let job = QueuedJob { client, key, fingerprint, submitted_at: admitted(), command };
    Attempt { id: job.id(), job: Arc::new(job), holder: "w".into(), number: 1 }
}

/// The first attempt of a job of the local client.
pub(crate) fn attempt(key: &str, command: Command) -> Attempt {
    attempt_of(ClientId::LOCAL, key, command)
}

/// Commands with keys of their own.
pub(crate) fn batch(commands: impl IntoIterator<Item = Command>) -> Vec<Attempt> {
    let numbered = commands.into_iter().enumerate();
    numbered.map(|(n, command)| attempt(&format!("key{n}"), command)).collect()
}

pub(crate) fn create_user(email: &str) -> Command {
    Command::CreateUser { email: Email::parse(email).unwrap() }
}

pub(crate) fn subscribe(user: i64) -> Command {
    subscribe_to("monthly", user)
}

pub(crate) fn subscribe_to(plan: &str, user: i64) -> Command {
    let plan = PlanCode::parse(plan).unwrap();
    Command::Subscribe { user_id: UserId(user), plan, duration_months: None }
}

pub(crate) fn renew(subscription: i64, months: u32) -> Command {
    let duration_months = Some(months);
    Command::Renew { subscription_id: SubscriptionId(subscription), duration_months }
}

pub(crate) fn cancel(subscription: i64) -> Command {
    Command::Cancel { subscription_id: SubscriptionId(subscription) }
}

pub(crate) fn give(gifter: i64, recipient: &str) -> Command {
    let recipient_email = Email::parse(recipient).unwrap();
    Command::Gift { gifter_id: UserId(gifter), recipient_email, duration_months: Some(3) }
}

pub(crate) fn redeem(gift: i64, user: i64) -> Command {
    Command::Redeem { gift_id: GiftId(gift), user_id: UserId(user) }
}

/// Applies a batch that nothing is in the way of.
pub(crate) async fn applied(database: &Database, attempts: &[Attempt]) -> Vec<Entry> {
    apply(&database.pool, attempts, GIFT_TTL).await.unwrap()
}

/// Applies a batch as the worker does: again, as long as others are in its way.
pub(crate) async fn insist(pool: &PgPool, attempts: &[Attempt]) -> Vec<Entry> {
    for _ in 0..20 {
        match apply(pool, attempts, GIFT_TTL).await {
            Err(StoreError::Conflict(_)) => {}
            outcome => return outcome.unwrap(),
        }
    }
    panic!("others are always in the way");
}

pub(crate) fn statuses(entries: &[Entry]) -> Vec<u16> {
    entries.iter().map(|entry| entry.answer.status).collect()
}

/// A member of an answer, as text.
pub(crate) fn member(entry: &Entry, name: &str) -> String {
    let body: Value = serde_json::from_str(&entry.answer.body).unwrap();
    match &body[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
