//! The keys of jobs as this process knows them: read at start, again each minute, and when a job
//! has a key that is not among them. Nothing is read for a job whose key is known.

use domain::{Instant, JobKey, JobKeys, Untrusted};
use std::sync::Arc;
use std::time::Duration;
use store::job_keys::{self, StoredJobKeys};
use store::{Database, StoreError};
use tokio::sync::{Mutex, watch};
use tokio::time::{self, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

/// The time between reads. A new key signs when it is two such intervals old.
const INTERVAL: Duration = Duration::from_mins(1);

/// The shortest time between reads for jobs with unknown keys. Whoever forges many of them makes
/// us read no more often, and holds up jobs that come behind them for no longer.
const UNKNOWN_INTERVAL: Duration = Duration::from_millis(100);

/// The keys that were read last.
#[derive(Debug, Clone)]
pub struct KnownKeys {
    stored: StoredJobKeys,
    /// When the read began, by a clock that nobody sets.
    read_began: time::Instant,
}

/// The keys of jobs, shared by its clones.
#[derive(Clone)]
pub struct JobKeyring(Arc<Shared>);

struct Shared {
    database: Database,
    known: watch::Sender<Arc<KnownKeys>>,
    /// When the last read for an unknown key began, if there was one. Who holds the lock reads.
    last_look: Mutex<Option<time::Instant>>,
}

impl KnownKeys {
    async fn read(database: &Database) -> Result<Arc<Self>, StoreError> {
        let read_began = time::Instant::now();
        let stored = job_keys::read(database).await?;
        Ok(Arc::new(Self { stored, read_began }))
    }

    /// The key that signs now.
    #[must_use]
    pub fn signing(&self) -> &JobKey {
        self.stored.keys.signing_at(self.now())
    }

    /// The time by the clock of Postgres, as far as it is known.
    fn now(&self) -> Instant {
        self.stored.now + self.read_began.elapsed()
    }
}

impl JobKeyring {
    /// Reads the keys for the first time.
    pub async fn read(database: Database) -> Result<Self, StoreError> {
        let known = watch::Sender::new(KnownKeys::read(&database).await?);
        Ok(Self(Arc::new(Shared { database, known, last_look: Mutex::default() })))
    }

    /// The keys that were read last.
    #[must_use]
    pub fn known(&self) -> Arc<KnownKeys> {
        self.0.known.borrow().clone()
    }

    /// Reads the keys again each minute, until `stop`. While Postgres is away, those that are known
    /// stand.
    pub async fn keep_fresh(self, stop: CancellationToken) {
        let mut ticks = interval_at(time::Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if let Err(error) = self.read_again().await {
                tracing::warn!(%error, "cannot read the keys of jobs; those that are known stand");
            }
        }
    }

    /// What `judge` says of a job by the keys that are known at its instant. If its key is unknown,
    /// the keys are read again before that is said.
    pub async fn judge(
        &self,
        judge: impl Fn(&JobKeys, Instant) -> Result<(), Untrusted>,
    ) -> Result<Result<(), Untrusted>, StoreError> {
        let judged = |known: &KnownKeys| judge(&known.stored.keys, known.now());
        match judged(&self.known()) {
            Err(Untrusted::UnknownKey) => {
                self.look_again().await?;
                Ok(judged(&self.known()))
            }
            judged => Ok(judged),
        }
    }

    /// Reads the keys again, unless that was begun after this job came.
    async fn look_again(&self) -> Result<(), StoreError> {
        let came = time::Instant::now();
        let mut last_look = self.0.last_look.lock().await;
        if self.known().read_began >= came {
            return Ok(());
        }
        if let Some(began) = *last_look {
            sleep_until(began + UNKNOWN_INTERVAL).await;
        }
        *last_look = Some(time::Instant::now());
        self.read_again().await
    }

    async fn read_again(&self) -> Result<(), StoreError> {
        let known = KnownKeys::read(&self.0.database).await?;
        self.0.known.send_replace(known);
        Ok(())
    }
}
