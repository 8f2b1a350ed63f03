//! Notes in Postgres the jobs whose 202 is about to be sent. A request that gets its answer within
//! its wait never comes here.
//!
//! While Postgres is away, a 202 rests on Redis alone. Its job is kept in mind and noted when
//! Postgres is back.

use crate::coalesce::{self, NOTES_AT_ONCE, Notes};
use crate::unnoted::Unnoted;
use domain::AcceptedJob;
use std::sync::Arc;
use std::time::Duration;
use store::Database;
use store::accepted::{self, Noted};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The pause before Postgres is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// The way to the table of accepted jobs.
pub(crate) struct Acceptances {
    notes: Notes,
    unnoted: Arc<Unnoted>,
}

impl Acceptances {
    /// A way to the table in `database`. At most `unnoted_max` jobs are kept in mind, until `stop`.
    pub(crate) fn new(database: Database, unnoted_max: usize, stop: CancellationToken) -> Self {
        let unnoted = Arc::new(Unnoted::at_most(unnoted_max));
        let (kept, store) = (unnoted.clone(), database.clone());
        tokio::spawn(async move { stop.run_until_cancelled(note_later(store, &kept)).await });
        Self { notes: coalesce::notes(database), unnoted }
    }

    /// Notes a job, and returns what stands for it in Postgres. `None` if it rests on Redis alone,
    /// because Postgres is away.
    pub(crate) async fn note(&self, job: AcceptedJob) -> Option<Noted> {
        // Once it is known to be away, nobody else has to find that out by waiting.
        if self.unnoted.is_away() {
            self.unnoted.keep(job);
            return None;
        }
        match self.notes.call(job.clone()).await {
            Ok(standing) => standing,
            Err(error) => {
                tracing::warn!(%error, "an accepted job rests on Redis alone for now");
                self.unnoted.keep(job);
                None
            }
        }
    }
}

/// Notes what is kept in mind, as soon as Postgres takes it.
async fn note_later(database: Database, unnoted: &Unnoted) {
    loop {
        let jobs = unnoted.some(NOTES_AT_ONCE).await;
        match accepted::note(&database, &jobs).await {
            Ok(_) => {
                tracing::info!(jobs = jobs.len(), "accepted jobs are noted that had to wait");
                unnoted.noted(&jobs);
            }
            Err(error) if error.is_transient() => sleep(PAUSE).await,
            Err(error) => {
                // To try the same again would not help, and would keep others waiting.
                tracing::error!(%error, jobs = jobs.len(), "accepted jobs cannot be noted");
                unnoted.noted(&jobs);
            }
        }
    }
}
