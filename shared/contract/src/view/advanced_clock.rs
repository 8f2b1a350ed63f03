//! Advances of test clocks as clients see them.

use super::timestamp;
use domain::Advanced;
use serde::Serialize;
use utoipa::ToSchema;

/// A test clock that was moved.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdvancedClockView {
    /// The instant at which the clock stands.
    #[schema(format = DateTime)]
    now: String,
    /// The number of instants on the way at which something was due.
    #[schema(example = 3)]
    steps: u64,
}

impl From<&Advanced> for AdvancedClockView {
    fn from(advanced: &Advanced) -> Self {
        Self { now: timestamp(advanced.now), steps: advanced.steps }
    }
}
