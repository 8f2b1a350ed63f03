//! Waiting for jobs: one subscription a process, which hands outcomes to the requests that wait.

use crate::Queue;
use crate::announcement::{self, Outcome};
use crate::pubsub::{self, Heard};
use crate::waiting::Waiting;
use domain::JobId;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// How often a waiting request reads the record of its job while there is no subscription.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The requests of this process that wait for jobs.
#[derive(Clone)]
pub struct Outcomes {
    waiting: Arc<Mutex<Waiting>>,
    /// A count of the beginnings and ends of subscriptions: it is odd while there is one.
    subscription: watch::Receiver<u64>,
}

/// The registration of a request that waits for a job. It must be taken before the job can finish,
/// or the outcome may be missed.
pub struct Ticket {
    job: JobId,
    client: Arc<str>,
    outcome: oneshot::Receiver<Arc<Outcome>>,
    outcomes: Outcomes,
}

impl Outcomes {
    /// Subscribes, again whenever a subscription has ended, until `stop`. At most `waiting_max`
    /// requests may wait, and a quarter of them for one client.
    #[must_use]
    pub fn subscribe(queue: &Queue, waiting_max: usize, stop: CancellationToken) -> Self {
        let (announce, subscription) = watch::channel(0);
        let waiting = Arc::new(Mutex::new(Waiting::at_most(waiting_max)));
        let outcomes = Self { waiting, subscription };
        let (listener, queue) = (outcomes.clone(), queue.clone());
        let hear = move |heard| match heard {
            // Those that wait read their record once: what was published before is not repeated.
            Heard::Begun => announce.send_modify(|count| *count += 1),
            Heard::Message(message) => {
                listener.deliver(announcement::decode(message.get_payload_bytes()));
            }
            Heard::Ended => announce.send_modify(|count| *count += *count % 2),
        };
        tokio::spawn(async move {
            let channel = &queue.keys.outcomes_channel;
            let listen = pubsub::listen_forever(&queue.connection, channel, "outcomes", hear);
            stop.run_until_cancelled(listen).await;
        });
        outcomes
    }

    fn deliver(&self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            let waiting = self.lock().announced(outcome.job);
            let outcome = Arc::new(outcome);
            for sender in waiting {
                // It fails for a request that no longer waits.
                let _ = sender.send(outcome.clone());
            }
        }
    }

    /// Registers a request of `client` that waits for `job`; `None` when too many wait already.
    #[must_use]
    pub fn ticket(&self, job: JobId, client: &str) -> Option<Ticket> {
        let (sender, outcome) = oneshot::channel();
        let client = self.lock().enter(job, client, sender)?;
        Some(Ticket { job, client, outcome, outcomes: self.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a wait ended.
#[derive(Debug)]
pub enum Waited<L> {
    /// The outcome was published.
    Announced(Arc<Outcome>),
    /// The outcome was found in the record.
    Looked(L),
    /// Neither happened before the deadline.
    TimedOut,
}

impl Ticket {
    /// Waits until the outcome is published, or `deadline`. `look` reads the record: it is called
    /// when publications may have been missed, and once a second while there is no subscription.
    pub async fn wait<L, F>(&mut self, deadline: Instant, mut look: impl FnMut() -> F) -> Waited<L>
    where
        F: Future<Output = Option<L>>,
    {
        loop {
            let subscribed = *self.outcomes.subscription.borrow_and_update() % 2 == 1;
            tokio::select! {
                Ok(outcome) = &mut self.outcome => return Waited::Announced(outcome),
                _ = self.outcomes.subscription.changed() => {}
                () = sleep(LOOK_INTERVAL), if !subscribed => {}
                () = sleep_until(deadline) => return Waited::TimedOut,
            }
            if let Ok(Some(found)) = tokio::time::timeout_at(deadline, look()).await {
                return Waited::Looked(found);
            }
        }
    }

    /// The outcome, if it was published by now. To be called after a wait that has timed out.
    pub fn announced(&mut self) -> Option<Arc<Outcome>> {
        self.outcome.try_recv().ok()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.outcome.close();
        self.outcomes.lock().leave(self.job, &self.client);
    }
}
