//! Finds what is due: of all live clients at once, by Postgres's clock, and of one test client, at
//! instants of its own. It decides nothing: what must happen to a row is a command, which looks at
//! the row again under its lock.

mod of_test_client;

pub(crate) use of_test_client::find_next_instant;
pub use of_test_client::{gifts_at, next_instant, subscriptions_at};

use crate::connections::Lent;
use crate::tables::{
    DueRow, GiftRow, KeyedRow, SubscriptionRow, query_gifts, query_subscriptions,
    rows_by_themselves,
};
use crate::{Database, StoreError};
use domain::{Gift, Instant, Subscription};

/// The place of a row in the order in which rows become due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The instant from which the row is due.
    pub due_at: Instant,
    /// The id of the row.
    pub id: i64,
}

/// A row that is due.
#[derive(Debug)]
pub struct Due<T> {
    /// Its place, after which the finder can go on.
    pub cursor: Cursor,
    /// The row, or why it cannot be read. It does not stand in the way of those after it.
    pub row: Result<T, StoreError>,
}

/// Rows that are due, the longest due first.
#[derive(Debug)]
pub struct DuePage<T> {
    /// The rows.
    pub rows: Vec<Due<T>>,
    /// The time of the read.
    pub now: Instant,
}

/// At most `limit` live subscriptions that are due, after that place.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn subscriptions(
    database: &Database,
    after: Option<Cursor>,
    limit: u32,
) -> Result<DuePage<Subscription>, StoreError> {
    let look = |mut connection: Lent| async move {
        let (due_at, id) = bounds(after);
        let found = query_subscriptions!(
            r#"SELECT now() AS "now!", (SELECT json_agg(due) FROM (SELECT "#,
            r#" FROM subscriptions
                             WHERE livemode AND due_at <= now() AND (due_at, id) > ($1, $2)
                             ORDER BY due_at, id LIMIT $3) AS due)::text AS rows"#,
            due_at,
            id,
            i64::from(limit),
        )
        .fetch_one(&mut *connection)
        .await?;
        page::<SubscriptionRow<'static>, _>(found.now, found.rows.as_deref())
    };
    database.read(look).await
}

/// At most `limit` live gifts that are due, after that place.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn gifts(
    database: &Database,
    after: Option<Cursor>,
    limit: u32,
) -> Result<DuePage<Gift>, StoreError> {
    let look = |mut connection: Lent| async move {
        let (due_at, id) = bounds(after);
        let found = query_gifts!(
            r#"SELECT now() AS "now!", (SELECT json_agg(due) FROM (SELECT "#,
            r#" FROM gifts
                             WHERE livemode AND due_at <= now() AND (due_at, id) > ($1, $2)
                             ORDER BY due_at, id LIMIT $3) AS due)::text AS rows"#,
            due_at,
            id,
            i64::from(limit),
        )
        .fetch_one(&mut *connection)
        .await?;
        page::<GiftRow<'static>, _>(found.now, found.rows.as_deref())
    };
    database.read(look).await
}

/// The values that a place is compared with. What comes after no place is everything.
fn bounds(after: Option<Cursor>) -> (Instant, i64) {
    after.map_or((Instant::UNIX_EPOCH, i64::MIN), |cursor| (cursor.due_at, cursor.id))
}

fn page<Row, T>(now: Instant, rows: Option<&str>) -> Result<DuePage<T>, StoreError>
where
    Row: DueRow,
    T: TryFrom<Row, Error = StoreError>,
{
    Ok(DuePage { rows: due::<Row, T>(now, rows)?, now })
}

/// The rows, all of which are due at `now` or before.
fn due<Row, T>(now: Instant, rows: Option<&str>) -> Result<Vec<Due<T>>, StoreError>
where
    Row: DueRow,
    T: TryFrom<Row, Error = StoreError>,
{
    let rows = rows_by_themselves::<Row, T>(rows)?;
    let due = rows.into_iter().map(|KeyedRow { key, row }| {
        let cursor = Cursor { due_at: key.due_at.unwrap_or(now), id: key.id };
        Due { cursor, row }
    });
    Ok(due.collect())
}
