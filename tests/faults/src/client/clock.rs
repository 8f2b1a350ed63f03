//! Moves the clock of the test client on and on, beside its commands.

use super::ask::{Apis, Manner};
use crate::history::{Meaning, Phase, Reply, Submission};
use chrono::TimeDelta;
use domain::{ClientId, Instant};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The number of the mover among the clients.
const NUMBER: usize = 3_000;

/// The farthest way of one advance.
const HOURS_MAX: i64 = 40 * 24;

/// Moves a clock.
pub struct ClockMover {
    owner: ClientId,
    seed: u64,
    apis: Apis,
    rng: StdRng,
    moves: usize,
}

impl ClockMover {
    /// What moves the clock of that test client.
    #[must_use]
    pub fn new(owner: ClientId, seed: u64, apis: Apis) -> Self {
        let rng = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(NUMBER as u64));
        Self { owner, seed, apis, rng, moves: 0 }
    }

    /// Moves it until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let manner = self.manner(Duration::from_secs(2));
            let told = self.apis.clock(self.owner, manner).await;
            if let Some(now) = told.as_ref().and_then(standing) {
                let way = TimeDelta::hours(self.rng.random_range(0..=HOURS_MAX));
                // One that goes back is refused.
                let to = if self.rng.random_bool(0.05) { now - way } else { now + way };
                self.advance(to, &stop).await;
            }
            sleep(Duration::from_millis(self.rng.random_range(100..1_500))).await;
        }
    }

    /// Asks until there is an answer, now and then at both apis at once.
    async fn advance(&mut self, to: Instant, stop: &CancellationToken) {
        self.moves += 1;
        let key = format!("s{}-clock-{}", self.seed, self.moves);
        let what = Arc::new(advance(self.owner, key, to));
        while !stop.is_cancelled() {
            let copies = if self.rng.random_bool(0.2) { 2 } else { 1 };
            let manners: Vec<_> =
                (0..copies).map(|_| self.manner(Duration::from_secs(5))).collect();
            let asks = manners.into_iter().map(|manner| self.apis.submit(&what, manner));
            let told = join_all(asks).await;
            let is_over = |reply: &Reply| reply.meaning() == Meaning::Outcome;
            if told.iter().flatten().any(is_over) {
                return;
            }
            sleep(Duration::from_millis(self.rng.random_range(50..600))).await;
        }
    }

    fn manner(&mut self, patience: Duration) -> Manner {
        let api = self.rng.random_range(0..self.apis.count());
        Manner { client: NUMBER, phase: Phase::Load, api, prefer: None, patience }
    }
}

/// The command that moves the clock of a client there.
#[must_use]
pub fn advance(owner: ClientId, key: String, to: Instant) -> Submission {
    let body = json!({ "to": to.to_rfc3339() }).to_string();
    Submission { owner, key, path: "/test-clock/advance", body }
}

/// What a clock says in an answer, if it is one of a clock.
#[must_use]
pub fn standing(reply: &Reply) -> Option<Instant> {
    let told: Value = serde_json::from_str(&reply.body).ok()?;
    told.get("now").filter(|_| reply.status == 200)?.as_str()?.parse().ok()
}
