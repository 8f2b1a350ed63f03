//! The kinds of calls that are coalesced: admissions, notes of accepted jobs, and pages of
//! subscriptions.

use domain::AcceptedJob;
use queue::{AT_ONCE_MAX, Admission, Queue, QueueError, Submission};
use runtime::coalesce::Coalescer;
use store::accepted::{self, Noted};
use store::reads::{self, Page, PageOf};
use store::{Database, StoreError};

/// Coalesces submissions.
pub(crate) type Admissions = Coalescer<Submission, Result<Admission, QueueError>, QueueError>;

/// Coalesces notes of accepted jobs. Each is answered with what stands for its job.
pub(crate) type Notes = Coalescer<AcceptedJob, Option<Noted>, StoreError>;

/// Coalesces reads of pages of subscriptions.
pub(crate) type Pages = Coalescer<PageOf, Result<Option<Page>, StoreError>, StoreError>;

/// The number of admission calls that may be under way. A second one is prepared while Redis waits
/// for its disk in the first. More than two would only make each call smaller
/// (`docs/PERFORMANCE.md`).
const ADMISSION_CONCURRENCY: usize = 2;

/// The most jobs that one statement notes, and the number of such statements that may be under way:
/// as for admissions, because Postgres waits for its disk, too.
pub(crate) const NOTES_AT_ONCE: usize = 256;
const NOTE_CONCURRENCY: usize = 2;

/// The number of page look-ups that may be under way. A look-up does not wait for a disk, so a
/// second one gains nothing and costs Postgres a third more time.
const PAGE_CONCURRENCY: usize = 1;

/// The most pages that one call looks up. Each has at most 100 subscriptions.
const PAGES_AT_ONCE: usize = 32;

/// A coalescer that admits submissions while at most `depth_max` jobs wait.
pub(crate) fn admissions(queue: Queue, depth_max: u64) -> Admissions {
    Coalescer::new(AT_ONCE_MAX, ADMISSION_CONCURRENCY, move |submissions: Vec<_>| {
        let queue = queue.clone();
        async move { queue.admit(&submissions, depth_max).await }
    })
}

/// A coalescer that notes accepted jobs.
pub(crate) fn notes(database: Database) -> Notes {
    Coalescer::new(NOTES_AT_ONCE, NOTE_CONCURRENCY, move |jobs: Vec<AcceptedJob>| {
        let database = database.clone();
        async move {
            let standing = accepted::note(&database, &jobs).await?;
            Ok(jobs.iter().map(|job| standing.get(&job.job).copied()).collect())
        }
    })
}

/// A coalescer that looks up pages of subscriptions.
pub(crate) fn pages(database: Database) -> Pages {
    Coalescer::new(PAGES_AT_ONCE, PAGE_CONCURRENCY, move |asked: Vec<_>| {
        let database = database.clone();
        async move { reads::subscriptions(&database, &asked).await }
    })
}
