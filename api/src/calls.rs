//! The calls that requests share.

use crate::gather::Gather;
use shared::queue::admission::{self, Admission, Bounds, Submission};
use shared::queue::{Queue, QueueError};
use shared::store::StoreError;
use shared::store::line::Line;
use shared::store::reads::{self, Page, PageOf};

/// Where submissions come together to be admitted.
pub type Admissions = Gather<Submission, Result<Admission, QueueError>, QueueError>;

/// Where pages of subscriptions are asked for together.
pub type Pages = Gather<PageOf, Option<Page>, StoreError>;

/// Calls of admission that may be under way: Redis waits for its disk, and meanwhile the next is made.
/// More of them would only be smaller (`docs/PERFORMANCE.md`).
const ADMISSION_LANES: usize = 2;

/// Looking up waits for nothing: a second lane would take a third more time of Postgres.
const PAGE_LANES: usize = 1;

/// Pages that are looked up at once, at most: of 100 subscriptions each.
const PAGES_AT_ONCE: usize = 32;

/// Admits submissions, within those bounds.
#[must_use]
pub fn admissions(queue: Queue, bounds: Bounds) -> Admissions {
    Gather::new(admission::AT_ONCE_MAX, ADMISSION_LANES, move |submissions: Vec<_>| {
        let queue = queue.clone();
        async move { queue.admit(&submissions, bounds, None).await }
    })
}

/// Looks up pages of subscriptions.
#[must_use]
pub fn pages(line: Line) -> Pages {
    Gather::new(PAGES_AT_ONCE, PAGE_LANES, move |asked: Vec<_>| {
        let line = line.clone();
        async move { reads::subscriptions(&line, &asked).await }
    })
}
