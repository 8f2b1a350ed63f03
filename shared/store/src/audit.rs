//! Who changed what without a command. Commands have the command log.

use crate::StoreError;
use domain::{ClientId, Instant};
use serde_json::Value;
use sqlx::PgConnection;

/// A change without a command.
#[derive(Clone, Copy)]
pub(crate) struct Act<'a> {
    /// The id of the API key, `open` where none is needed, or `cli`.
    pub(crate) actor: &'a str,
    /// What was done.
    pub(crate) action: &'static str,
    /// What it was done to.
    pub(crate) subject: &'a str,
    /// What it is now.
    pub(crate) detail: &'a Value,
}

/// Writes a change, in the transaction that makes it.
pub(crate) async fn write(
    tx: &mut PgConnection,
    client: ClientId,
    Act { actor, action, subject, detail }: Act<'_>,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit (client_id, at, actor, action, subject, detail)
         VALUES ($1, $2, $3, $4, $5, $6::text::jsonb)",
        client.get(),
        now,
        actor,
        action,
        subject,
        detail.to_string(),
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}
