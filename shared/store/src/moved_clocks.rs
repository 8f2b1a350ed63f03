//! The statement that writes where test clocks stand, and where they are being moved to. It is one
//! of its own, because it is needed seldom.

use crate::StoreError;
use crate::statements::Statement;
use domain::{Instant, JobId, TestClock};
use serde::Serialize;
use sqlx::{Execute, SqlStr};
use uuid::Uuid;

#[derive(Serialize)]
struct MovedRow {
    client_id: i64,
    now: Instant,
    target: Option<Instant>,
    job_id: Option<Uuid>,
}

/// Writes where those clocks stand.
pub(crate) fn write_moved<'a>(
    clocks: impl Iterator<Item = &'a TestClock>,
) -> Result<Option<Statement>, StoreError> {
    let rows: Vec<MovedRow> = clocks.map(MovedRow::from).collect();
    Statement::of_rows("write_clocks", write_clocks, &rows)
}

fn write_clocks() -> SqlStr {
    sqlx::query!(
        "UPDATE test_clocks
         SET now = moved.now, target = moved.target, job_id = moved.job_id
         FROM json_to_recordset($1::text::json)
                  AS moved (client_id bigint, now timestamptz, target timestamptz, job_id uuid)
         WHERE test_clocks.client_id = moved.client_id",
        "",
    )
    .sql()
}

impl From<&TestClock> for MovedRow {
    fn from(clock: &TestClock) -> Self {
        let advance = clock.advance;
        Self {
            client_id: clock.client.get(),
            now: clock.now,
            target: advance.map(|advance| advance.target),
            job_id: advance.map(|advance| JobId::get(advance.job)),
        }
    }
}
