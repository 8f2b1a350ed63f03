//! What commands write of test clocks.

use crate::StoreError;
use domain::{JobId, TestClock};
use sqlx::PgConnection;

/// Writes where test clocks stand, and where they are being moved to. It is a statement of its own,
/// because it is needed seldom.
pub(crate) async fn write_moved<'a>(
    tx: &mut PgConnection,
    clocks: impl Iterator<Item = &'a TestClock>,
) -> Result<(), StoreError> {
    for clock in clocks {
        let (target, job) = (clock.advance.map(|a| a.target), clock.advance.map(|a| a.job));
        sqlx::query!(
            "UPDATE test_clocks SET now = $2, target = $3, job_id = $4 WHERE client_id = $1",
            clock.client.get(),
            clock.now,
            target,
            job.map(JobId::get),
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
