//! A user.

use crate::connections::Lent;
use crate::tables::{UserRow, from_json, query_users};
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
        let found = query_users!(
            r#"SELECT to_json(found)::text AS "user!" FROM (SELECT "#,
            " FROM users WHERE client_id = $1 AND id = $2) AS found",
            client.get(),
            id.get(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        found.map(|found| from_json::<UserRow<'_>>(&found.user)?.try_into()).transpose()
    };
    database.read(look).await
}
