//! How the clock of a test client is moved.

mod advance;
mod settle;

pub use advance::*;
pub use settle::*;

use crate::{ClientId, Instant, JobId, TestClock};

/// An advance that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advanced {
    /// The client.
    pub client: ClientId,
    /// What its clock says now.
    pub now: Instant,
    /// The number of due instants that were visited.
    pub steps: u64,
    /// What has stopped it before its target; `None` if it has come there.
    pub stopped_by: Option<StoppedBy>,
}

/// What stops an advance before its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedBy {
    /// A payment of which nobody knows what came of it.
    Payment,
}

impl StoppedBy {
    /// The spelling in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
        }
    }
}

impl TestClock {
    /// Where that job moves the clock; `None` if it does not, or not any more.
    #[must_use]
    pub fn target_of(&self, job: JobId) -> Option<Instant> {
        self.advance.filter(|advance| advance.job == job).map(|advance| advance.target)
    }

    /// The clock on its way, at that instant. It never goes back.
    #[must_use]
    pub fn at(&self, instant: Instant) -> Self {
        Self { now: self.now.max(instant), ..*self }
    }
}
