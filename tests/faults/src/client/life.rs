//! A client under faults. It submits one intent after the other, each until it has an outcome or is
//! put off. At times it submits an old intent again.

use super::ask::{Apis, Manner};
use super::commands::{Shop, twin};
use crate::history::{Meaning, Phase, Reply, Submission};
use domain::ClientId;
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The number of requests after which a client puts an intent off.
const TRIES: usize = 6;

/// The number of old intents that a client keeps in order to submit them again.
const MEMORY: usize = 200;

/// The number of promised intents of which one is looked at.
const RECENT: usize = 10;

/// A client.
pub struct Life {
    owner: ClientId,
    number: usize,
    seed: u64,
    rng: StdRng,
    apis: Apis,
    shop: Arc<Shop>,
    intents: usize,
    past: Vec<Arc<Submission>>,
    put_off: VecDeque<Arc<Submission>>,
    /// What was accepted and is never asked for again: it has been promised.
    promised: Vec<Arc<Submission>>,
}

impl Life {
    /// Client `number` of the campaign of `seed`, who commands for that owner.
    #[must_use]
    pub fn new((owner, number): (ClientId, usize), seed: u64, apis: Apis, shop: Arc<Shop>) -> Self {
        let drawn_from = seed.wrapping_mul(1_000_003).wrapping_add(number as u64);
        let rng = StdRng::seed_from_u64(drawn_from);
        let (past, put_off, promised) = (Vec::new(), VecDeque::new(), Vec::new());
        Self { owner, number, seed, rng, apis, shop, intents: 0, past, put_off, promised }
    }

    /// Submits intents until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.step().await;
            sleep(Duration::from_millis(self.rng.random_range(10..60))).await;
        }
    }

    async fn step(&mut self) {
        if self.rng.random_bool(0.05)
            && let Some(url) = self.shop.draw_action(&mut self.rng)
        {
            let succeeds = self.rng.random_bool(0.8);
            self.apis.act(&url, succeeds).await;
        }
        let die = self.rng.random_range(0..100);
        if die < 3 {
            if let Some(promised) = recent(&self.promised, &mut self.rng) {
                let manner = self.manner();
                self.apis.look(&promised, manner).await;
            }
        } else if die < 10 {
            if let Some(old) = self.past.choose(&mut self.rng).cloned() {
                if self.rng.random_bool(0.3) {
                    let manner = self.manner();
                    self.apis.look(&old, manner).await;
                } else {
                    self.ask(&old).await;
                }
            }
        } else if die < 30 && !self.put_off.is_empty() {
            if let Some(intent) = self.put_off.pop_front() {
                self.pursue(intent).await;
            }
        } else {
            let (path, body) = self.shop.draw(&mut self.rng);
            let intent = self.intend(path, &body);
            match self.rng.random_range(0..100) {
                0..8 => self.ask_in_parallel(&intent, None).await,
                8..14 => {
                    let (path, body) = twin(path, &body, &mut self.rng);
                    let twin = Submission { path, body: body.to_string(), ..(*intent).clone() };
                    self.ask_in_parallel(&intent, Some(Arc::new(twin))).await;
                }
                14..24 => self.rely_on(intent).await,
                _ => self.pursue(intent).await,
            }
        }
    }

    fn intend(&mut self, path: &'static str, body: &Value) -> Arc<Submission> {
        self.intents += 1;
        let key = format!("s{}-c{}-{}", self.seed, self.number, self.intents);
        let owner = self.owner;
        Arc::new(Submission { owner, key, path, body: body.to_string() })
    }

    /// Asks once, and leaves the rest to whoever accepts it.
    async fn rely_on(&mut self, intent: Arc<Submission>) {
        let manner = Manner { prefer: Some("respond-async"), ..self.manner() };
        let reply = self.apis.submit(&intent, manner).await;
        self.learn(&intent, reply.as_ref());
        match reply {
            Some(reply) if reply.status == 202 => self.promised.push(intent),
            Some(reply) if reply.meaning() == Meaning::Outcome => self.remember(intent),
            _ => self.pursue(intent).await,
        }
    }

    /// Sends an intent to one api after the other until there is an outcome.
    async fn pursue(&mut self, intent: Arc<Submission>) {
        for _ in 0..TRIES {
            match self.ask(&intent).await.map(|reply| reply.meaning()) {
                Some(Meaning::Outcome | Meaning::Reused | Meaning::Wrong) => {
                    self.remember(intent);
                    return;
                }
                Some(Meaning::Unknown) if self.rng.random_bool(0.3) => {
                    let manner = self.manner();
                    self.apis.look(&intent, manner).await;
                }
                Some(Meaning::Unknown | Meaning::TryAgain) | None => {}
            }
            sleep(Duration::from_millis(self.rng.random_range(20..600))).await;
        }
        self.put_off.push_back(intent);
    }

    /// Sends the same request several times at once, and with `twin` another request with the same
    /// key.
    async fn ask_in_parallel(&mut self, intent: &Arc<Submission>, twin: Option<Arc<Submission>>) {
        let second = twin.unwrap_or_else(|| intent.clone());
        let mut asked = vec![intent.clone(), second, intent.clone()];
        asked.truncate(self.rng.random_range(2..=3));
        let manners: Vec<Manner> = asked.iter().map(|_| self.manner()).collect();
        let apis = &self.apis;
        let asks = asked.iter().zip(manners).map(|(what, manner)| apis.submit(what, manner));
        let replies = join_all(asks).await;
        for (what, reply) in asked.iter().zip(replies) {
            self.learn(what, reply.as_ref());
            self.remember(what.clone());
        }
    }

    async fn ask(&mut self, what: &Arc<Submission>) -> Option<Reply> {
        let manner = self.manner();
        let reply = self.apis.submit(what, manner).await;
        self.learn(what, reply.as_ref());
        reply
    }

    fn learn(&self, what: &Submission, reply: Option<&Reply>) {
        if let Some(reply) = reply {
            self.shop.learn(what, reply);
        }
    }

    fn remember(&mut self, what: Arc<Submission>) {
        if self.past.len() < MEMORY {
            self.past.push(what);
        } else {
            let place = self.rng.random_range(0..MEMORY);
            if let Some(place) = self.past.get_mut(place) {
                *place = what;
            }
        }
    }

    /// Draws the manner of a request. Some give up before any answer can come.
    fn manner(&mut self) -> Manner {
        let prefer = match self.rng.random_range(0..10) {
            0 => Some("respond-async"),
            1 => Some("wait=2"),
            _ => None,
        };
        let patience = match self.rng.random_range(0..20) {
            0 => 5,
            1 => 50,
            2..5 => 400,
            _ => 5000,
        };
        Manner {
            client: self.number,
            phase: Phase::Load,
            api: self.rng.random_range(0..self.apis.count()),
            prefer,
            patience: Duration::from_millis(patience),
        }
    }
}

/// One of the last of them.
fn recent(past: &[Arc<Submission>], rng: &mut StdRng) -> Option<Arc<Submission>> {
    let from = past.len().saturating_sub(RECENT);
    past.get(from..)?.choose(rng).cloned()
}
