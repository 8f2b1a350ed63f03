//! Writes everything that a batch decided, in one statement for any size of the batch.

use crate::StoreError;
use crate::columns::{Entries, Gifts, Grants, Subscriptions, Users};
use domain::{Changes, LogEntry, User};
use sqlx::PgConnection;

/// Writes the final version of every changed row, and the entries of the command log in the order
/// in which they were decided. A job that has an entry already makes the whole transaction fail, so
/// that nothing is done twice.
///
/// Users are written in the order of their emails, so that two batches that make the same users do
/// not deadlock. Subscriptions are written in the order of their ids, so that one that has ended is
/// no longer active when its successor is checked against `subscriptions_one_active_key`. Postgres
/// checks the foreign keys when everything is written.
pub(crate) async fn write(
    tx: &mut PgConnection,
    changes: &Changes,
    entries: &[LogEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() && *changes == Changes::default() {
        return Ok(());
    }
    let mut users: Vec<&User> = changes.users.values().collect();
    users.sort_by_key(|user| (user.client, user.email.key()));
    let users = Users::from_rows(&users);
    let subscriptions = Subscriptions::from_rows(changes.subscriptions.values())?;
    let gifts = Gifts::from_rows(changes.gifts.values())?;
    let grants = Grants::from_rows(&changes.grants)?;
    let entries = Entries::from_rows(entries)?;
    sqlx::query_file!(
        "src/write.sql",
        &users.ids,
        &users.clients,
        &users.emails as &[&str],
        &users.created,
        &subscriptions.ids,
        &subscriptions.users,
        &subscriptions.plans as &[&str],
        &subscriptions.statuses as &[&str],
        &subscriptions.months,
        &subscriptions.starts,
        &subscriptions.ends,
        &subscriptions.cancelled as &[Option<_>],
        &subscriptions.created,
        &subscriptions.updated,
        &gifts.ids,
        &gifts.gifters,
        &gifts.emails as &[&str],
        &gifts.recipients as &[Option<i64>],
        &gifts.statuses as &[&str],
        &gifts.months,
        &gifts.expires,
        &gifts.redeemed as &[Option<_>],
        &gifts.created,
        &grants.subscriptions,
        &grants.sources as &[&str],
        &grants.months,
        &grants.gifts as &[Option<i64>],
        &grants.jobs,
        &grants.granted,
        &entries.jobs,
        &entries.clients,
        &entries.keys as &[&str],
        &entries.fingerprints as &[&[u8]],
        &entries.operations as &[&str],
        &entries.entities as &[Option<i64>],
        &entries.statuses,
        &entries.bodies as &[&str],
        &entries.attempts,
        &entries.submitted,
        &entries.finished,
    )
    .execute(tx)
    .await?;
    Ok(())
}
