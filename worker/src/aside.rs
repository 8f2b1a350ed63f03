//! Commands aside: they need a row that somebody else holds for long. They wait here, so that
//! nobody waits behind them, and are tried again when the lock has ended. It costs no attempt.

use crate::batcher::Batcher;
use crate::group::Group;
use domain::Needs;
use std::mem;
use std::sync::Arc;
use std::time::Duration;
use store::{Database, locked};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

/// The pause between two looks which locks have ended.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest pause of a command whose lock cannot be looked for: it needs what another
/// transaction has written and not committed.
const UNSEEN_PAUSE_MAX: Duration = Duration::from_secs(2);

/// The commands aside of one worker.
pub(crate) struct Aside {
    batcher: Arc<Batcher>,
    /// A connection of its own, which waits for a lock for a moment only.
    database: Database,
    /// The most commands that wait here. The tasks of others go back to the queue for a while, so
    /// that this worker can take tasks that need other rows.
    size_max: usize,
    waiting: Vec<Group>,
}

impl Aside {
    pub(crate) const fn new(batcher: Arc<Batcher>, database: Database, size_max: usize) -> Self {
        Self { batcher, database, size_max, waiting: Vec::new() }
    }

    /// Takes groups in, and tries them again, until `stop`. Then it hands them back.
    pub(crate) async fn run(
        mut self,
        mut groups: UnboundedReceiver<Group>,
        stop: CancellationToken,
    ) {
        loop {
            let pause = if self.waiting.is_empty() { Duration::MAX } else { PAUSE };
            match stop.run_until_cancelled(timeout(pause, groups.recv())).await {
                Some(Ok(Some(group))) => self.take_in(group),
                Some(Err(_)) => {}
                Some(Ok(None)) | None => break,
            }
            while let Ok(group) = groups.try_recv() {
                self.take_in(group);
            }
            self.try_again().await;
            self.send_surplus_back().await;
            #[expect(clippy::cast_precision_loss, reason = "a gauge of floats")]
            metrics::gauge!("commerce_commands_blocked").set(self.count() as f64);
        }
        for group in self.waiting {
            self.batcher.hand_back(&group).await;
        }
    }

    fn count(&self) -> usize {
        self.waiting.iter().map(Group::len).sum()
    }

    /// A group that was blocked although none of its rows seemed to be: one of its commands is the
    /// cause, and the others need not wait for it.
    fn take_in(&mut self, group: Group) {
        if group.tries == 0 {
            tracing::warn!(commands = group.len(), "rows are locked by others; commands set aside");
            self.waiting.push(group);
        } else {
            self.waiting.extend(group.singles());
        }
    }

    /// Tries those whose rows are not locked any more.
    async fn try_again(&mut self) {
        let mut needs = Needs::default();
        self.waiting.iter().for_each(|group| group.add_needs(&mut needs));
        // If Postgres is away, or a whole table is locked, the next look may tell.
        let Ok(locked) = locked::among(&self.database, &needs).await else { return };
        for group in mem::take(&mut self.waiting) {
            let (blocked, free) = group.partition(&locked);
            self.waiting.extend(blocked);
            match free {
                Some(free) if free.may_be_tried(Instant::now()) => {
                    self.batcher.process(&self.database, free.tried(PAUSE, UNSEEN_PAUSE_MAX)).await;
                }
                too_early => self.waiting.extend(too_early),
            }
        }
    }

    async fn send_surplus_back(&mut self) {
        while self.count() > self.size_max {
            let Some(newest) = self.waiting.pop() else { return };
            for single in newest.singles() {
                self.batcher.postpone(single).await;
            }
        }
    }
}
