//! The table `test_clocks`: a row for each test client.

use super::inconsistent;
use crate::StoreError;
use domain::{Advance, ClientId, Instant, JobId, TestClock};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
pub(crate) struct TestClockRow {
    client_id: i64,
    now: Instant,
    target: Option<Instant>,
    job_id: Option<Uuid>,
}

impl TryFrom<TestClockRow> for TestClock {
    type Error = StoreError;

    fn try_from(row: TestClockRow) -> Result<Self, StoreError> {
        let advance = match (row.target, row.job_id) {
            (None, None) => None,
            (Some(target), Some(job)) => Some(Advance { target, job: JobId::new(job) }),
            _ => return Err(inconsistent("test_clocks", "target", row.client_id)),
        };
        Ok(Self { client: ClientId::new(row.client_id), now: row.now, advance })
    }
}
