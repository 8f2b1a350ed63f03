//! A user.

use crate::tables::UserRow;
use crate::{Database, StoreError};
use domain::{ClientId, User, UserId};

/// A user of that client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn user(
    database: &Database,
    client: ClientId,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    let look = || async {
        let row = sqlx::query_as!(
            UserRow,
            "SELECT id, client_id, email, created_at FROM users WHERE client_id = $1 AND id = $2",
            client.get(),
            id.get(),
        )
        .fetch_optional(database.pool())
        .await?;
        row.map(User::try_from).transpose()
    };
    database.read(look).await
}
