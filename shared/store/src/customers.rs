//! The names by which providers know users and their payment methods.

use crate::connections::Lent;
use crate::{Database, StoreError};
use domain::{ClientId, Provider, UserId};

/// The provider's names of a user, who has one for each first method that was set up at one time.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn of(
    database: &Database,
    (client, user): (ClientId, UserId),
    provider: Provider,
) -> Result<Vec<String>, StoreError> {
    let look = |mut connection: Lent| async move {
        let customers = sqlx::query_scalar!(
            r#"SELECT DISTINCT customer AS "customer!" FROM payment_methods
               WHERE client_id = $1 AND user_id = $2 AND provider = $3 AND customer IS NOT NULL
               ORDER BY 1"#,
            client.get(),
            user.get(),
            provider.as_str(),
        );
        Ok(customers.fetch_all(&mut *connection).await?)
    };
    database.read(look).await
}

/// Whether a user has a method, or is about to have one, that the provider knows by that name.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn has_method(
    database: &Database,
    (client, user): (ClientId, UserId),
    (provider, reference): (Provider, &str),
) -> Result<bool, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM payment_methods
                   WHERE client_id = $1 AND user_id = $2 AND provider = $3 AND reference = $4
                     AND status IN ('pending', 'attached')) AS "found!""#,
            client.get(),
            user.get(),
            provider.as_str(),
            reference,
        );
        Ok(found.fetch_one(&mut *connection).await?)
    };
    database.read(look).await
}
