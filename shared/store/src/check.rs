//! Checks of stored rows against the rules. They change nothing.

use crate::connections::Lent;
use crate::tables::{GiftRow, SubscriptionRow, query_gifts, query_subscriptions, rows_from_json};
use crate::{Database, StoreError};
use domain::{ClientId, Gift, Instant, Subscription};

/// The place of a row in the order of a check.
pub type Place = (ClientId, i64);

/// Rows that were checked.
#[derive(Debug)]
pub struct Checked {
    /// The number of rows.
    pub rows: usize,
    /// The ids of those that are wrong, and what is wrong with them.
    pub wrong: Vec<(i64, String)>,
    /// Where to go on; `None` at the end.
    pub next: Option<Place>,
}

/// Checks at most `limit` subscriptions after that place: whether they can be read, and whether
/// they are due when the rules say so.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn subscriptions(
    database: &Database,
    after: Option<Place>,
    limit: u32,
) -> Result<Checked, StoreError> {
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
    let rows: Vec<SubscriptionRow<'_>> = rows_from_json(found.page.as_deref())?;
    let next = rows.last().map(|row| (ClientId::new(row.client_id), row.id));
    Ok(checked(
        limit,
        next,
        rows.into_iter()
            .map(|row| (row.id, row.due_at, Subscription::try_from(row).map(|row| row.due_at()))),
    ))
}

/// Checks at most `limit` gifts after that place, as [`subscriptions`] does.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn gifts(
    database: &Database,
    after: Option<Place>,
    limit: u32,
) -> Result<Checked, StoreError> {
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
    let rows: Vec<GiftRow<'_>> = rows_from_json(found.page.as_deref())?;
    let next = rows.last().map(|row| (ClientId::new(row.client_id), row.id));
    Ok(checked(
        limit,
        next,
        rows.into_iter()
            .map(|row| (row.id, row.due_at, Gift::try_from(row).map(|row| row.due_at()))),
    ))
}

fn bounds(after: Option<Place>) -> (i64, i64) {
    after.map_or((i64::MIN, i64::MIN), |(client, id)| (client.get(), id))
}

type DueAt = Option<Instant>;

fn checked(
    limit: u32,
    next: Option<Place>,
    rows: impl ExactSizeIterator<Item = (i64, DueAt, Result<DueAt, StoreError>)>,
) -> Checked {
    let count = rows.len();
    let wrong = rows.filter_map(|(id, stored, expected)| match expected {
        Ok(expected) if expected == stored => None,
        Ok(expected) => Some((id, format!("due_at is {stored:?}, and should be {expected:?}"))),
        Err(error) => Some((id, error.to_string())),
    });
    let next = next.filter(|_| count >= limit as usize);
    Checked { rows: count, wrong: wrong.collect(), next }
}
