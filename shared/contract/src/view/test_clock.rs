//! The clock of a test client as it sees it.

use super::timestamp;
use domain::TestClock;
use serde::Serialize;
use utoipa::ToSchema;

/// The clock of a test client.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestClockView {
    /// The instant at which it stands.
    #[schema(format = DateTime, example = "2026-01-31T00:00:00.000000Z")]
    now: String,
    /// The instant to which it is being moved; null when it is not.
    #[schema(format = DateTime, required)]
    target: Option<String>,
}

impl From<&TestClock> for TestClockView {
    fn from(clock: &TestClock) -> Self {
        let target = clock.advance.map(|advance| timestamp(advance.target));
        Self { now: timestamp(clock.now), target }
    }
}
