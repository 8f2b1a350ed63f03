//! The calls that are coalesced: admissions and pages of subscriptions.

use crate::coalesce::Coalescer;
use queue::{AT_ONCE_MAX, Admission, Bounds, Queue, QueueError, Submission};
use store::reads::{self, Page, PageOf};
use store::{Database, StoreError};

/// Coalesces submissions.
pub(crate) type Admissions = Coalescer<Submission, Result<Admission, QueueError>, QueueError>;

/// Coalesces reads of pages of subscriptions.
pub(crate) type Pages = Coalescer<PageOf, Option<Page>, StoreError>;

/// Calls of admission that may be under way: Redis waits for its disk, and meanwhile the next is made.
/// More of them would only be smaller (`docs/PERFORMANCE.md`).
const ADMISSION_CONCURRENCY: usize = 2;

/// Looking up waits for nothing: a second call at once would take a third more time of Postgres.
const PAGE_CONCURRENCY: usize = 1;

/// Pages that are looked up at once, at most: of 100 subscriptions each.
const PAGES_AT_ONCE: usize = 32;

/// Admits submissions, within those bounds.
pub(crate) fn admissions(queue: Queue, bounds: Bounds) -> Admissions {
    Coalescer::new(AT_ONCE_MAX, ADMISSION_CONCURRENCY, move |submissions: Vec<_>| {
        let queue = queue.clone();
        async move { queue.admit(&submissions, bounds).await }
    })
}

/// Looks up pages of subscriptions.
pub(crate) fn pages(database: Database) -> Pages {
    Coalescer::new(PAGES_AT_ONCE, PAGE_CONCURRENCY, move |asked: Vec<_>| {
        let database = database.clone();
        async move { reads::subscriptions(&database, &asked).await }
    })
}
