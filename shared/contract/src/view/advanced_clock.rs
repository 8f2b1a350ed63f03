//! Advances of test clocks as clients see them.

use super::timestamp;
use domain::{Advanced, StoppedBy};
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
    /// What has stopped it before its target; absent if it has come there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "payment")]
    stopped_by: Option<&'static str>,
}

impl From<&Advanced> for AdvancedClockView {
    fn from(advanced: &Advanced) -> Self {
        Self {
            now: timestamp(advanced.now),
            steps: advanced.steps,
            stopped_by: advanced.stopped_by.map(StoppedBy::as_str),
        }
    }
}
