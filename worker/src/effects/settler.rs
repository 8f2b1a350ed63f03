//! Settlements: what a provider has said becomes an internal command, decided and committed.
//!
//! Those that come while a transaction is under way share the next one. What fails together is
//! tried again alone, for one of them may be the cause.
//!
//! Unlike what is due, a settlement waits for locks, and is never given up: money has moved. One
//! that belongs to no effect of ours waits for none, because others wait behind it.

use super::ground::Ground;
use super::settlement::{Course, Settled, Settlement, commit};
use super::slots::Slots;
use crate::fault::{Fault, Recovery, contained};
use crate::policy::Policy;
use crate::schedule::job::DueJob;
use domain::{ClientId, InternalCommand};
use runtime::coalesce::Coalescer;
use std::time::Duration;
use store::Database;
use tokio::time::sleep;

/// The pause after which rows are asked for again that others had locked.
const LOCKED_PAUSE: Duration = Duration::from_millis(500);
/// The most settlements of one transaction: few enough that nobody waits long for it.
const BATCH_MAX: usize = 64;
/// The transactions at once: while one of them waits for a lock the other one goes on.
const BATCHES: usize = 2;
/// The longest time of a transaction of several. What takes longer is tried alone, with more time.
const TOGETHER_MAX: Duration = Duration::from_secs(3);

/// Decides and commits settlements.
pub(crate) struct Settler {
    base: Base,
    together: Coalescer<Settlement, Settled, Fault>,
}

/// What each transaction needs.
#[derive(Clone)]
struct Base {
    database: Database,
    slots: Slots,
    policy: Policy,
}

impl Settler {
    /// A settler that claims the effects which it makes, if there are `slots`.
    pub(crate) fn new(database: &Database, slots: &Slots, policy: Policy) -> Self {
        let base = Base { database: database.clone(), slots: slots.clone(), policy };
        let shared = base.clone();
        let together = Coalescer::new(BATCH_MAX, BATCHES, move |settlements| {
            shared.clone().commit_together(settlements)
        });
        Self { base, together }
    }
}

impl Base {
    async fn commit(
        self,
        settlements: Vec<Settlement>,
        limit: Duration,
    ) -> Result<Vec<Settled>, Fault> {
        let Self { database, slots, policy } = self;
        contained(limit, async move { commit(&database, &slots, policy, &settlements).await }).await
    }

    async fn commit_together(self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, Fault> {
        let many = settlements.len();
        let committed = self.commit(settlements, TOGETHER_MAX).await;
        if let (Err(fault), true) = (&committed, many > 1) {
            tracing::warn!(commands = many, cause = fault.full_cause(), "batch split");
            metrics::counter!("commerce_batch_fallbacks_total").increment(1);
        }
        committed
    }
}

impl Ground {
    /// Decides and commits a command of that client, together with how far the effect is. One that
    /// was decided before, or that there is nothing to do for any more, changes nothing else.
    pub(crate) async fn settle(
        &self,
        client: ClientId,
        command: InternalCommand,
        course: Course,
    ) -> Result<Settled, Fault> {
        let settlement = self.settlement(client, command, Some(course));
        if let Ok(settled) = self.settler.together.wait(settlement.clone()).await {
            return Ok(settled);
        }
        loop {
            match self.settle_alone(settlement.clone()).await {
                Err(fault) if fault.recovery() == Recovery::SetAside => {
                    self.unless_stopped(sleep(LOCKED_PAUSE)).await?;
                }
                ended => return ended,
            }
        }
    }

    /// The same without an effect. It fails where others hold a row, and the caller comes back.
    pub(crate) async fn settle_news(
        &self,
        client: ClientId,
        command: InternalCommand,
    ) -> Result<Settled, Fault> {
        self.settle_alone(self.settlement(client, command, None)).await
    }

    fn settlement(
        &self,
        client: ClientId,
        command: InternalCommand,
        course: Option<Course>,
    ) -> Settlement {
        // It is not found by its row.
        Settlement { job: DueJob::new(0, self.now(), client, command), course }
    }

    async fn settle_alone(&self, settlement: Settlement) -> Result<Settled, Fault> {
        let settle = |limit| {
            let commit = self.settler.base.clone().commit(vec![settlement.clone()], limit);
            async { Ok(commit.await?.pop().unwrap_or_default()) }
        };
        self.retry_policy.with_postgres(settle).await
    }
}
