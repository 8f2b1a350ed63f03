//! Eight workers and a due lane among twenty users: whatever the order, the rules hold.

use super::rules;
use super::sample::{apply, attempt};
use crate::apply::NumberedAttempt;
use crate::tests::lane::sample::lane;
use domain::{Command, LogEntry, Operation};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Arc, Mutex};
use store::StoreError;
use support::Database;
use support::commands::{cancel, give, redeem, renew, subscribe, subscribe_to};
use support::rows::users;
use tokio::task::JoinSet;

const USERS: i64 = 20;
const BATCHES: u64 = 200;
const WORKERS: usize = 8;

/// Ids that commands can name: made by those before them, or not at all.
#[derive(Default)]
struct Known {
    subscriptions: Vec<i64>,
    gifts: Vec<i64>,
}

impl Known {
    fn learn(&mut self, entries: &[LogEntry]) {
        for entry in entries {
            match (entry.operation, entry.entity) {
                (Operation::Subscribe, Some(id)) => self.subscriptions.push(id),
                (Operation::Give, Some(id)) => self.gifts.push(id),
                _ => {}
            }
        }
    }

    /// One of the last ten, or one that may not be.
    fn pick(ids: &[i64], rng: &mut StdRng) -> i64 {
        let back = rng.random_range(1..=10);
        ids.len().checked_sub(back).map_or(99_999, |n| ids[n])
    }

    fn command(&self, rng: &mut StdRng) -> Command {
        let user = rng.random_range(1..=USERS);
        match rng.random_range(0..12) {
            0..3 => subscribe(user),
            3 => subscribe_to("yearly", user),
            4..6 => renew(Self::pick(&self.subscriptions, rng), rng.random_range(1..=14)),
            6..8 => cancel(Self::pick(&self.subscriptions, rng)),
            // Few recipients, so that many a guess is right.
            8 => give(user, &format!("USER{}@a.org", user % 3 + 1)),
            _ => redeem(Self::pick(&self.gifts, rng), rng.random_range(1..=3)),
        }
    }
}

fn batch(number: u64, known: &Known) -> Vec<NumberedAttempt> {
    let mut rng = StdRng::seed_from_u64(number);
    let size = rng.random_range(1..=16);
    (0..size).map(|n| attempt(&format!("{number}/{n}"), known.command(&mut rng))).collect()
}

/// Applies a batch, however long others hold its rows.
async fn wait_for_locks(database: &store::Database, batch: &[NumberedAttempt]) -> Vec<LogEntry> {
    loop {
        match apply(database, batch).await {
            Err(StoreError::Locked(_)) => {}
            applied => return applied.unwrap(),
        }
    }
}

/// Applies every eighth batch. Nothing may be in its way that it cannot wait for.
async fn work(database: store::Database, known: Arc<Mutex<Known>>, first: u64) -> usize {
    let mut commands = 0;
    for number in (first..BATCHES).step_by(WORKERS) {
        let batch = batch(number, &known.lock().unwrap());
        let entries = wait_for_locks(&database, &batch).await;
        known.lock().unwrap().learn(&entries);
        commands += entries.len();
    }
    commands
}

/// Half of the users begin with a subscription that ran out.
async fn lapsed(database: &Database) {
    database
        .run(
            "INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months,
                                        start_date, end_date, due_at, created_at, updated_at)
             SELECT 2, true, id, 'monthly', 'active', 1, '2020-01-31T00:00:00Z',
                    '2020-02-29T00:00:00Z', '2020-02-29T00:00:00Z', now(), now()
             FROM users WHERE id % 2 = 0;
             INSERT INTO grants (client_id, subscription_id, source, months, job_id, granted_at)
             SELECT 2, id, 'purchase', 1, gen_random_uuid(), now() FROM subscriptions",
        )
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_concurrent_batches_keep_every_rule_without_a_deadlock() {
    let database = Database::create().await;
    users(&database, 20).await;
    lapsed(&database).await;
    let known = Arc::default();
    let mut workers = JoinSet::new();
    for first in 0..WORKERS as u64 {
        workers.spawn(work(database.store_of(1), Arc::clone(&known), first));
    }
    let mut lane = lane(&database);
    workers.spawn(async move {
        for _ in 0..20 {
            lane.pass_all().await;
        }
        0
    });
    let commands: usize = workers.join_all().await.into_iter().sum();

    rules::check(&database, USERS).await;
    let logged = "SELECT count(*) FROM transactions WHERE origin = 'client'";
    assert_eq!(database.value::<i64>(logged).await, i64::try_from(commands).unwrap());
    for operation in ["subscribe", "renew", "cancel", "gift", "redeem"] {
        let done = format!(
            "SELECT count(*) FROM transactions WHERE status < 400 AND operation = '{operation}'"
        );
        let done = database.value::<i64>(&done).await;
        assert!(done >= 10, "{operation} was done {done} times only");
    }
}
