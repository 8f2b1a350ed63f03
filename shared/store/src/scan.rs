//! Pages through all rows of a table, each read by itself. Decides nothing about them.

use crate::connections::Lent;
use crate::tables::{
    DueRow, GiftRow, KeyedRow, SubscriptionRow, query_gifts, query_subscriptions,
    rows_by_themselves,
};
use crate::{Database, StoreError};
use domain::{ClientId, Gift, Instant, Subscription};

/// The place of a row in the order of the pages.
pub type Place = (ClientId, i64);

/// A row as it is stored.
#[derive(Debug)]
pub struct Stored<T> {
    /// The id of the row.
    pub id: i64,
    /// The instant at which something must happen to it, as stored.
    pub due_at: Option<Instant>,
    /// The row, or why it cannot be read.
    pub row: Result<T, StoreError>,
}

/// Rows in the order of client and id.
#[derive(Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<Stored<T>>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

/// At most `limit` subscriptions after that place.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn subscriptions(
    database: &Database,
    after: Option<Place>,
    limit: u32,
) -> Result<Page<Subscription>, StoreError> {
    let (client, id) = bounds(after);
    let look = |mut connection: Lent| async move {
        Ok(query_subscriptions!(
            "SELECT json_agg(page)::text AS page FROM (SELECT ",
            " FROM subscriptions WHERE (client_id, id) > ($1, $2)
             ORDER BY client_id, id LIMIT $3) AS page",
            client,
            id,
            i64::from(limit),
        )
        .fetch_one(&mut *connection)
        .await?)
    };
    let found = database.run(look).await?;
    page::<SubscriptionRow<'static>, _>(found.page.as_deref(), limit)
}

/// At most `limit` gifts after that place.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn gifts(
    database: &Database,
    after: Option<Place>,
    limit: u32,
) -> Result<Page<Gift>, StoreError> {
    let (client, id) = bounds(after);
    let look = |mut connection: Lent| async move {
        Ok(query_gifts!(
            "SELECT json_agg(page)::text AS page FROM (SELECT ",
            " FROM gifts WHERE (client_id, id) > ($1, $2)
             ORDER BY client_id, id LIMIT $3) AS page",
            client,
            id,
            i64::from(limit),
        )
        .fetch_one(&mut *connection)
        .await?)
    };
    let found = database.run(look).await?;
    page::<GiftRow<'static>, _>(found.page.as_deref(), limit)
}

fn bounds(after: Option<Place>) -> (i64, i64) {
    after.map_or((i64::MIN, i64::MIN), |(client, id)| (client.get(), id))
}

/// A page that is not full is the last one.
fn page<Row, T>(json: Option<&str>, limit: u32) -> Result<Page<T>, StoreError>
where
    Row: DueRow,
    T: TryFrom<Row, Error = StoreError>,
{
    let rows = rows_by_themselves::<Row, T>(json)?;
    let last = rows.last().map(|last| (ClientId::new(last.key.client_id), last.key.id));
    let next = last.filter(|_| rows.len() >= limit as usize);
    let stored = rows.into_iter().map(|KeyedRow { key, row }| Stored {
        id: key.id,
        due_at: key.due_at,
        row,
    });
    Ok(Page { rows: stored.collect(), next })
}
