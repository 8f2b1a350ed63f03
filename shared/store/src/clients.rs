//! Clients: who they are, and their rate limits.

use crate::connections::Lent;
use crate::tables::{self, TestClockRow, from_json};
use crate::{Database, StoreError};
use domain::{ClientId, Instant, RateLimit, TestClock};

/// A client in a list for an operator.
#[derive(Debug, Clone)]
pub struct ListedClient {
    /// Its id.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Its own rate limit; `None` if the settings of the api hold for it.
    pub rate_limit: Option<RateLimit>,
    /// Whether it is the operator's.
    pub is_operator: bool,
    /// Its clock, if it is a test client.
    pub clock: Option<TestClock>,
    /// The instant at which it was made.
    pub created_at: Instant,
}

/// Makes a client. `false` if there is one of that name.
pub async fn create(
    database: &Database,
    name: &str,
    rate_limit: Option<RateLimit>,
) -> Result<bool, StoreError> {
    let (requests, window_seconds) = tables::rate_columns(rate_limit)?;
    let insert = |mut connection: Lent| async move {
        let done = sqlx::query!(
            "INSERT INTO clients (name, rate_requests, rate_window_seconds) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO NOTHING",
            name,
            requests,
            window_seconds,
        )
        .execute(&mut *connection)
        .await?;
        Ok(done.rows_affected() == 1)
    };
    database.run(insert).await
}

/// Makes a test client, for good. Its clock stands at that instant, or at the present, and is
/// returned. `None` if there is a client of that name.
pub async fn create_test(
    database: &Database,
    name: &str,
    rate_limit: Option<RateLimit>,
    at: Option<Instant>,
) -> Result<Option<Instant>, StoreError> {
    let (requests, window_seconds) = tables::rate_columns(rate_limit)?;
    let insert = |mut connection: Lent| async move {
        let clock = sqlx::query_scalar!(
            "WITH made AS (
                 INSERT INTO clients (name, livemode, rate_requests, rate_window_seconds)
                 VALUES ($1, false, $2, $3)
                 ON CONFLICT (name) DO NOTHING
                 RETURNING id
             )
             INSERT INTO test_clocks (client_id, now) SELECT made.id, coalesce($4, now()) FROM made
             RETURNING test_clocks.now",
            name,
            requests,
            window_seconds,
            at,
        );
        Ok(clock.fetch_optional(&mut *connection).await?)
    };
    database.run(insert).await
}

/// Gives a client a rate limit of its own, or none. `false` if there is no client of that name.
pub async fn set_rate_limit(
    database: &Database,
    name: &str,
    rate_limit: Option<RateLimit>,
) -> Result<bool, StoreError> {
    let (requests, window_seconds) = tables::rate_columns(rate_limit)?;
    let update = |mut connection: Lent| async move {
        let done = sqlx::query!(
            "UPDATE clients SET rate_requests = $2, rate_window_seconds = $3 WHERE name = $1",
            name,
            requests,
            window_seconds,
        )
        .execute(&mut *connection)
        .await?;
        Ok(done.rows_affected() == 1)
    };
    database.run(update).await
}

/// All clients, those that are built in first. A row is small, and the list of an operator has to
/// be whole.
pub async fn list(database: &Database) -> Result<Vec<ListedClient>, StoreError> {
    let look = |mut connection: Lent| async move {
        let rows = sqlx::query!(
            "SELECT id, name, rate_requests, rate_window_seconds, is_operator, created_at,
                    (SELECT to_json(clock)::text
                     FROM (SELECT test_clocks.client_id, test_clocks.now, test_clocks.target,
                                  test_clocks.job_id
                           FROM test_clocks WHERE test_clocks.client_id = clients.id) AS clock)
                        AS clock
             FROM clients ORDER BY id",
        )
        .fetch_all(&mut *connection)
        .await?;
        let listed = rows.into_iter().map(|row| {
            let rate = (row.rate_requests, row.rate_window_seconds);
            let clock = row.clock.as_deref().map(from_json::<TestClockRow>).transpose()?;
            Ok(ListedClient {
                id: ClientId::new(row.id),
                name: row.name,
                rate_limit: tables::rate_limit(row.id, rate)?,
                is_operator: row.is_operator,
                clock: clock.map(TestClock::try_from).transpose()?,
                created_at: row.created_at,
            })
        });
        listed.collect()
    };
    database.run(look).await
}
