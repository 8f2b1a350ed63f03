//! Writes everything that a batch decided, in one statement for any size of the batch.

use crate::StoreError;
use crate::moved_clocks::write_moved;
use crate::plans::write_retired;
use crate::tables::{
    GiftRow, GrantRow, SubscriptionRow, TransactionRow, UserRow, to_json, write_gifts,
    write_grants, write_subscriptions, write_transactions, write_users,
};
use domain::{Changes, LogEntry, Subscription, User, UserId};
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// A checked query of the parts that were named before it. A part stands beside the row of its
/// table, so that the columns of a table are named in one file.
macro_rules! query_parts {
    ([$($part:literal)+] [] $($argument:expr),+ $(,)?) => {
        sqlx::query!($($part +)+ "", $($argument),+)
    };
}

/// Writes the final version of every changed row, and the entries of the command log in the order
/// in which they were decided. A job that has an entry already makes the whole transaction fail, so
/// that nothing is done twice.
///
/// Users are written in the order of their emails, so that two batches that make the same users do
/// not deadlock. A batch in which one user takes the email that another gives up may conflict with
/// itself: its commands are then tried one by one. Of the subscriptions, those that have ended come
/// first, so that none of them is active any more when its successor is checked against
/// `subscriptions_one_live_key`. Postgres checks the foreign keys when everything is written.
pub(crate) async fn write(
    tx: &mut PgConnection,
    changes: &Changes,
    entries: &[LogEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() && *changes == Changes::default() {
        return Ok(());
    }
    let mut subscriptions: Vec<&Subscription> = changes.subscriptions.values().collect();
    subscriptions.sort_by_key(|subscription| subscription.state.status().is_live());
    write_users!(
        [] [write_subscriptions write_gifts write_grants write_transactions query_parts]
        users(&changes.users)?,
        rows::<_, SubscriptionRow<'_>>(subscriptions)?,
        rows::<_, GiftRow<'_>>(changes.gifts.values())?,
        rows::<_, GrantRow<'_>>(&changes.grants)?,
        rows::<_, TransactionRow<'_>>(entries)?,
        users(&changes.changed_users)?,
    )
    .execute(&mut *tx)
    .await?;
    write_retired(tx, changes.plans.values()).await?;
    write_moved(tx, changes.clocks.values()).await
}

/// Users in the order of their emails, as JSON.
fn users(users: &BTreeMap<UserId, User>) -> Result<String, StoreError> {
    let mut users: Vec<&User> = users.values().collect();
    users.sort_by_key(|user| (user.client, user.email.key()));
    to_json(&users.into_iter().map(UserRow::from).collect::<Vec<_>>())
}

/// The rows of one table, as JSON.
fn rows<T, Row>(values: impl IntoIterator<Item = T>) -> Result<String, StoreError>
where
    Row: TryFrom<T, Error = StoreError> + Serialize,
{
    let rows: Vec<Row> = values.into_iter().map(Row::try_from).collect::<Result<_, _>>()?;
    to_json(&rows)
}
