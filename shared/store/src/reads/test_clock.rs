//! The clock of a test client.

use crate::connections::Lent;
use crate::tables::{TestClockRow, from_json};
use crate::{Database, StoreError};
use domain::{ClientId, TestClock};

/// The clock of that client; `None` if it is no test client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn test_clock(
    database: &Database,
    client: ClientId,
) -> Result<Option<TestClock>, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = sqlx::query_scalar!(
            r#"SELECT to_json(found)::text AS "clock!"
               FROM (SELECT client_id, now, target, job_id FROM test_clocks
                     WHERE client_id = $1) AS found"#,
            client.get(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        found.map(|clock| from_json::<TestClockRow>(&clock)?.try_into()).transpose()
    };
    database.read(look).await
}
