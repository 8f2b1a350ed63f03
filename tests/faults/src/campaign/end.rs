//! The end of a campaign: everything recovers, every key is asked once more, and what still waits
//! comes to its end. Each step is bounded.

use crate::checker::Incident;
use crate::client::bank::Bank;
use crate::client::clock::{advance, standing};
use crate::client::settle::{self, Bounds};
use crate::client::{Apis, ask::Manner};
use crate::cluster::{Cluster, rows};
use crate::history::{Phase, Recorder};
use crate::nemesis::age;
use crate::options::Options;
use crate::progress::{Progress, say};
use anyhow::Result;
use chrono::TimeDelta;
use e2e::eventually_true;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The time for requesting every key once more. It is not part of the recovery, but bounded too.
/// Keys that are left then are counted.
const VERIFY_WITHIN: Duration = Duration::from_mins(15);

/// The time for one of these requests. With nothing broken, an answer takes milliseconds.
const VERIFY_EACH_WITHIN: Duration = Duration::from_secs(15);

/// The time for payments that were begun: one that nobody knows about is looked up after 5 s, 10 s,
/// 20 s and so on, and at its end all must be known.
const PAYMENTS_WITHIN: Duration = Duration::from_mins(3);

/// The time in which the queue is empty when nobody asks for anything any more.
const DRAINED_WITHIN: Duration = Duration::from_secs(20);

/// The way of the last advance of a test clock: what waits for a user does so for a day at most.
const LAST_WAY: TimeDelta = TimeDelta::days(2);

/// A campaign after its last fault.
pub(super) struct End<'a> {
    pub(super) options: &'a Options,
    pub(super) cluster: &'a Cluster,
    pub(super) apis: &'a Apis,
    pub(super) recorder: &'a Recorder,
    /// What went wrong meanwhile.
    pub(super) incidents: Vec<Incident>,
}

impl End<'_> {
    fn incident(&mut self, what: impl Into<String>) {
        self.incidents.push(Incident(what.into()));
    }

    /// Waits after the last fault until every process is healthy, what was accepted is decided by
    /// itself, every key has its outcome and the queue is empty. Notes an incident when that takes
    /// too long. Returns how long it took.
    pub(super) async fn recover(&mut self, bank: &mut Bank) -> Result<Duration> {
        let (apis, cluster, began) = (self.apis, self.cluster, Instant::now());
        let within = Duration::from_secs(self.options.recovery);
        if let Err(error) = cluster.wait_healthy(within).await {
            self.incident(format!("{error:#}"));
        }
        let accepted = settle::accepted(&self.recorder.history(), &self.decided().await?);
        say(&format!("{} jobs were accepted and are not decided yet", accepted.len()));
        settle::await_accepted(apis, &accepted, began + within / 2).await;
        let open = settle::open(&self.recorder.history(), &self.decided().await?);
        say(&format!("{} keys have no outcome yet: their clients ask again", open.len()));
        let progress = Progress::new("settling", open.len() as u64);
        let bounds = Bounds { deadline: began + within, each: within };
        let settled_at = Cell::new(Instant::now());
        let done = |is_settled| {
            progress.step();
            if is_settled {
                settled_at.set(Instant::now());
            }
        };
        let mut stuck = settle::insist(apis, &open, Phase::Settle, bounds, done).await;
        progress.finish();
        let untold = bank.finish(within).await;
        if untold > 0 {
            self.incident(format!("{untold} events of a bank were not heard"));
        }
        let mut recovered = began.elapsed();
        // A payment that the provider has not told of takes longer than all else, and is no part of
        // the recovery.
        if stuck > 0 && cluster.open().await? > 0 {
            recovered = settled_at.get() - began;
            say(&format!("{stuck} keys wait for payments"));
            cluster.settled(PAYMENTS_WITHIN).await?;
            let open = settle::open(&self.recorder.history(), &self.decided().await?);
            let bounds = Bounds { deadline: Instant::now() + within, each: within };
            stuck = settle::insist(apis, &open, Phase::Settle, bounds, |_| ()).await;
        }
        let began = Instant::now().checked_sub(recovered).unwrap_or(began);
        self.drained(within.saturating_sub(began.elapsed()).max(DRAINED_WITHIN)).await?;
        if stuck > 0 {
            self.incident(format!("{stuck} keys had no outcome after {within:?}"));
        }
        Ok(began.elapsed())
    }

    async fn decided(&self) -> Result<BTreeSet<String>> {
        rows::decided_keys(&self.cluster.admin).await
    }

    async fn drained(&mut self, within: Duration) -> Result<()> {
        let cluster = self.cluster;
        let empty = eventually_true("the queue is drained", within, async || {
            sleep(Duration::from_millis(200)).await;
            let left = cluster.redis.lock().await.leftovers().await?;
            Ok(left.tasks.is_empty() && left.unfinished.is_empty())
        });
        if empty.await.is_err() {
            let left = cluster.redis.lock().await.leftovers().await?;
            let (tasks, unfinished) = (left.tasks, left.unfinished.len());
            self.incident(format!("not drained: {tasks:?}, {unfinished} unfinished"));
        }
        Ok(())
    }

    /// Sends every request of every key once more. Half of them are answered from the records in
    /// Redis, half from the command log alone. Returns how many there was no time for.
    pub(super) async fn verify(&mut self) -> Result<usize> {
        let asked: Vec<_> = settle::by_key(&self.recorder.history()).into_values().collect();
        let bounds = Bounds { deadline: Instant::now() + VERIFY_WITHIN, each: VERIFY_EACH_WITHIN };
        let progress = Progress::new("verifying", asked.len() as u64);
        let (remembered, forgotten) = asked.split_at(asked.len() / 2);
        let insist =
            |keys| settle::insist(self.apis, keys, Phase::Verify, bounds, |_| progress.step());
        let mut left = insist(remembered).await;
        self.cluster.redis.lock().await.flush_all().await?;
        left += insist(forgotten).await;
        progress.finish();
        self.drained(DRAINED_WITHIN).await?;
        Ok(left)
    }

    /// Lets time pass for what waits for somebody, and waits until nothing is to be done any more.
    pub(super) async fn lapse(&mut self) -> Result<()> {
        age::lapse_all(&self.cluster.admin).await?;
        say("what waits for payments comes to its end");
        self.settle().await?;
        // A clock stands still while a payment is in flight, of which there are none now.
        self.advance().await;
        self.settle().await
    }

    async fn settle(&mut self) -> Result<()> {
        let left = self.cluster.settled(PAYMENTS_WITHIN).await?;
        if left > 0 {
            self.incident(format!("{left} things are still to be done"));
        }
        Ok(())
    }

    async fn advance(&mut self) {
        let (apis, owner) = (self.apis, self.cluster.tester.client);
        let (client, phase, prefer) = (usize::MAX, Phase::Verify, None);
        let manner = Manner { client, phase, api: 0, prefer, patience: VERIFY_EACH_WITHIN };
        let told = apis.clock(owner, manner).await;
        let Some(now) = told.as_ref().and_then(standing) else {
            return self.incident(format!("the clock is not shown: {told:?}"));
        };
        let key = format!("s{}-clock-last", self.options.seed);
        let last = [vec![Arc::new(advance(owner, key, now + LAST_WAY))]];
        let bounds = Bounds { deadline: Instant::now() + PAYMENTS_WITHIN, each: PAYMENTS_WITHIN };
        if settle::insist(apis, &last, phase, bounds, |_| ()).await > 0 {
            self.incident("the last advance of the clock has no outcome");
        }
    }
}
