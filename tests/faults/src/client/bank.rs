//! A bank, whose customers dispute what they have paid. It says so more than once and in any order,
//! until it is heard.

use super::ask::{Apis, Manner};
use super::commands::Shop;
use crate::history::{BankEvent, Phase};
use domain::{ClientId, DisputeStatus};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The number of the bank among the clients.
const NUMBER: usize = 2_000;

/// The share of payments that are disputed.
const DISPUTED: f64 = 0.3;

/// The time between two events.
const PAUSE: Duration = Duration::from_millis(150);

/// A bank.
pub struct Bank {
    apis: Apis,
    shops: Vec<(ClientId, Arc<Shop>)>,
    rng: StdRng,
    /// What is still to be told, each with the number of its copy.
    untold: VecDeque<(Arc<BankEvent>, u32)>,
}

impl Bank {
    /// The bank of all who buy at these shops.
    #[must_use]
    pub fn new(seed: u64, apis: Apis, shops: Vec<(ClientId, Arc<Shop>)>) -> Self {
        let rng = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(NUMBER as u64));
        Self { apis, shops, rng, untold: VecDeque::new() }
    }

    /// Disputes payments until `stop`. What is still to be told then is told by [`Bank::finish`].
    pub async fn run(mut self, stop: CancellationToken) -> Self {
        while !stop.is_cancelled() {
            self.dispute();
            self.tell_next(Phase::Load).await;
            sleep(PAUSE).await;
        }
        self
    }

    /// Tells all that is still to be told. Returns how much is not heard by then.
    pub async fn finish(&mut self, within: Duration) -> usize {
        let deadline = Instant::now() + within;
        while !self.untold.is_empty() && Instant::now() < deadline {
            if !self.tell_next(Phase::Settle).await {
                sleep(PAUSE).await;
            }
        }
        self.untold.len()
    }

    /// Tells the next event. What is not heard is told again later. `false` if it was not heard.
    async fn tell_next(&mut self, phase: Phase) -> bool {
        let Some((event, copy)) = self.untold.pop_front() else { return true };
        let api = self.rng.random_range(0..self.apis.count());
        let patience = Duration::from_secs(5);
        let manner = Manner { client: NUMBER, phase, api, prefer: None, patience };
        let told = self.apis.tell(&event, copy, manner).await;
        let is_heard = told.is_some_and(|reply| reply.status == 200);
        if !is_heard {
            self.untold.push_back((event, copy));
        }
        is_heard
    }

    /// Draws a payment, and what is said of it: some end, some end before they begin, and some
    /// events are told twice, by the same name or another.
    fn dispute(&mut self) {
        let rng = &mut self.rng;
        for (owner, shop) in &self.shops {
            let Some((payment, cash)) = shop.draw_paid(rng) else { continue };
            if !rng.random_bool(DISPUTED) {
                continue;
            }
            let part = rng.random_range(1..=cash);
            let amount = if rng.random_bool(0.7) { cash } else { part };
            let say = |status| Arc::new(BankEvent { owner: *owner, payment, amount, status });
            let mut events = vec![(say(DisputeStatus::Opened), 0)];
            if rng.random_bool(0.7) {
                let is_won = rng.random_bool(0.5);
                let end = if is_won { DisputeStatus::Won } else { DisputeStatus::Lost };
                events.push((say(end), 0));
            }
            if rng.random_bool(0.2) {
                events.reverse();
            }
            if let Some((again, _)) = events.first().filter(|_| rng.random_bool(0.3)).cloned() {
                events.push((again, rng.random_range(0..2)));
            }
            self.untold.extend(events);
        }
    }
}
