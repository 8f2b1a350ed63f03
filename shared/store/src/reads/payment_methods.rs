//! The payment methods of a user.

use crate::connections::Lent;
use crate::reads::page::cut;
use crate::tables::{MethodRow, query_methods};
use crate::{Database, StoreError};
use domain::{ClientId, PaymentMethod, PaymentMethodId, UserId};

/// A request for a page of payment methods: the newest `limit` ones that are attached of a user of
/// that client, and that are older than `before`.
#[derive(Debug, Clone, Copy)]
pub struct PageOfMethods {
    /// The client that sent the request.
    pub client: ClientId,
    /// The user.
    pub user: UserId,
    /// The last method of the page before, if there is one.
    pub before: Option<PaymentMethodId>,
    /// The most methods of the page.
    pub limit: u32,
}

/// A page of payment methods.
#[derive(Debug)]
pub struct MethodPage {
    /// The methods, newest first.
    pub methods: Vec<PaymentMethod>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A page of payment methods.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn payment_methods(
    database: &Database,
    asked: &PageOfMethods,
) -> Result<MethodPage, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = query_methods!(
            "SELECT json_agg(page)::text AS page FROM (SELECT ",
            " FROM payment_methods
              WHERE client_id = $1 AND user_id = $2 AND status = 'attached' AND id < $3
              ORDER BY id DESC LIMIT $4) AS page",
            asked.client.get(),
            asked.user.get(),
            asked.before.map_or(i64::MAX, PaymentMethodId::get),
            i64::from(asked.limit) + 1,
        )
        .fetch_one(&mut *connection)
        .await?;
        let limit = asked.limit as usize;
        let (methods, has_more) = cut::<MethodRow<'_>, _>(found.page.as_deref(), limit)?;
        Ok(MethodPage { methods, has_more })
    };
    database.read(look).await
}
