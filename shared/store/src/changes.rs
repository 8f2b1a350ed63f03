//! The statements that write everything that a batch decided. One of them writes the rows of any
//! batch, and few batches have another one.

use crate::StoreError;
use crate::moved_clocks::write_moved;
use crate::moved_money;
use crate::plans::write_retired;
use crate::statements::Statement;
use crate::tables::{
    GiftRow, GrantRow, SubscriptionRow, TransactionRow, UserRow, to_json, write_gifts,
    write_grants, write_subscriptions, write_transactions, write_users,
};
use domain::{Changes, LogEntry, Subscription, SubscriptionStatus, User, UserId};
use serde::Serialize;
use sqlx::{Execute, SqlStr};
use std::collections::BTreeMap;

/// The text of a checked query of the parts that were named before it. A part stands beside the row
/// of its table, so that the columns of a table are named in one file.
macro_rules! text_of_parts {
    ([$($part:literal)+] [] $($parameter:expr),+ $(,)?) => {
        sqlx::query!($($part +)+ "", $($parameter),+).sql()
    };
}
pub(crate) use text_of_parts;

/// Writes the final version of every changed row, and the entries of the command log in the order
/// in which they were decided. A job that has an entry already makes the whole transaction fail, so
/// that nothing is done twice.
///
/// Users are written in the order of their emails, so that two batches that make the same users do
/// not deadlock. A batch in which one user takes the email that another gives up may conflict with
/// itself: its commands are then tried one by one. Of the subscriptions, those that have ended come
/// first, so that none of them is active or pending any more when its successor is checked against
/// `subscriptions_one_live_key` or `subscriptions_one_pending_key`. Postgres checks the foreign
/// keys when everything is written.
pub(crate) fn write(changes: &Changes, entries: &[LogEntry]) -> Result<Vec<Statement>, StoreError> {
    if entries.is_empty() && *changes == Changes::default() {
        return Ok(Vec::new());
    }
    let parameters = rows_of(changes, entries)?.into();
    let mut statements = vec![Statement { name: "write_batch", text: write_batch, parameters }];
    statements.extend(moved_money::write(changes)?);
    statements.extend(write_retired(changes.plans.values())?);
    statements.extend(write_moved(changes.clocks.values())?);
    Ok(statements)
}

fn write_batch() -> SqlStr {
    write_users!(
        [] [write_subscriptions write_gifts write_grants write_transactions text_of_parts]
        "", "", "", "", "", "",
    )
}

/// Its parameters: the rows of each table, as JSON.
fn rows_of(changes: &Changes, entries: &[LogEntry]) -> Result<[String; 6], StoreError> {
    let mut subscriptions: Vec<&Subscription> = changes.subscriptions.values().collect();
    subscriptions.sort_by_key(|subscription| {
        let status = subscription.state.status();
        status.is_live() || status == SubscriptionStatus::Pending
    });
    Ok([
        users(&changes.users)?,
        rows::<_, SubscriptionRow<'_>>(subscriptions)?,
        rows::<_, GiftRow<'_>>(changes.gifts.values())?,
        rows::<_, GrantRow<'_>>(changes.grants.values())?,
        rows::<_, TransactionRow<'_>>(entries)?,
        users(&changes.changed_users)?,
    ])
}

/// Users in the order of their emails, as JSON.
fn users(users: &BTreeMap<UserId, User>) -> Result<String, StoreError> {
    let mut users: Vec<&User> = users.values().collect();
    users.sort_by_key(|user| (user.client, user.email.key()));
    rows::<_, UserRow<'_>>(users)
}

/// The rows of one table, as JSON.
pub(crate) fn rows<T, Row>(values: impl IntoIterator<Item = T>) -> Result<String, StoreError>
where
    Row: TryFrom<T, Error = StoreError> + Serialize,
{
    let rows: Vec<Row> = values.into_iter().map(Row::try_from).collect::<Result<_, _>>()?;
    to_json(&rows)
}
