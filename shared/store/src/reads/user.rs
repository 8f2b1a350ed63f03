//! A user.

use crate::connections::Lent;
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
    let look = |mut connection: Lent| async move {
        let row = sqlx::query_as!(
            UserRow,
            "SELECT id, client_id, email, created_at FROM users WHERE client_id = $1 AND id = $2",
            client.get(),
            id.get(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        row.map(User::try_from).transpose()
    };
    database.read(look).await
}
