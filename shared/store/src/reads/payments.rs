//! Payments.

use crate::connections::Lent;
use crate::reads::page::cut;
use crate::tables::{PaymentRow, from_json, query_payments, rows_from_json};
use crate::{Database, StoreError};
use domain::{ClientId, Payment, PaymentId, PaymentPhase, PaymentStatus, SubscriptionId, UserId};
use sqlx::PgConnection;
use std::collections::HashMap;

/// A request for a page of payments: the newest `limit` ones of that client that are older than
/// `before`, and that have the user and the status, if these are given.
#[derive(Debug, Clone, Copy)]
pub struct PageOfPayments {
    /// The client that sent the request.
    pub client: ClientId,
    /// The user who pays.
    pub user: Option<UserId>,
    /// The status.
    pub status: Option<PaymentStatus>,
    /// The last payment of the page before, if there is one.
    pub before: Option<PaymentId>,
    /// The most payments of the page.
    pub limit: u32,
}

/// A page of payments.
#[derive(Debug)]
pub struct PaymentPage {
    /// The payments, newest first.
    pub payments: Vec<Payment>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A payment of that client.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn payment(
    database: &Database,
    client: ClientId,
    id: PaymentId,
) -> Result<Option<Payment>, StoreError> {
    let look = |mut connection: Lent| async move { find(&mut connection, client, id).await };
    database.read(look).await
}

/// A page of payments.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn payments(
    database: &Database,
    asked: &PageOfPayments,
) -> Result<PaymentPage, StoreError> {
    let look = |mut connection: Lent| async move {
        let before = asked.before.map_or(i64::MAX, PaymentId::get);
        let rows = match asked {
            PageOfPayments { user: Some(user), status, .. } => {
                of_user(&mut connection, asked, *user, *status, before).await
            }
            PageOfPayments { status: Some(status), .. } => {
                of_status(&mut connection, asked, *status, before).await
            }
            _ => newest(&mut connection, asked, before).await,
        };
        let limit = asked.limit as usize;
        let (payments, has_more) = cut::<PaymentRow<'_>, _>(rows?.as_deref(), limit)?;
        Ok(PaymentPage { payments, has_more })
    };
    database.read(look).await
}

/// The payments of that client with these ids.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn payments_of_ids(
    database: &Database,
    client: ClientId,
    ids: &[PaymentId],
) -> Result<HashMap<PaymentId, Payment>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: &Vec<i64> = &ids.iter().map(|id| id.get()).collect();
    let look = |mut connection: Lent| async move {
        let found = query_payments!(
            "SELECT json_agg(found)::text AS rows
             FROM unnest($2::bigint[]) AS wanted (of_id),
                 LATERAL (SELECT ",
            " FROM payments WHERE payments.client_id = $1 AND payments.id = wanted.of_id
                              LIMIT 1) AS found",
            client.get(),
            ids,
        )
        .fetch_one(&mut *connection)
        .await?;
        let rows: Vec<PaymentRow<'_>> = rows_from_json(found.rows.as_deref())?;
        let payments = rows.into_iter().map(|row| {
            let payment = Payment::try_from(row)?;
            Ok((payment.id, payment))
        });
        payments.collect()
    };
    database.read(look).await
}

/// The newest payment of a subscription of that client, if it has any.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn payment_of_subscription(
    database: &Database,
    client: ClientId,
    id: SubscriptionId,
) -> Result<Option<Payment>, StoreError> {
    let look = |mut connection: Lent| async move {
        let found = query_payments!(
            r#"SELECT to_json(found)::text AS "payment!" FROM (SELECT "#,
            " FROM payments WHERE client_id = $1 AND subscription_id = $2
              ORDER BY id DESC LIMIT 1) AS found",
            client.get(),
            id.get(),
        )
        .fetch_optional(&mut *connection)
        .await?;
        found.map(|found| from_json::<PaymentRow<'_>>(&found.payment)?.try_into()).transpose()
    };
    database.read(look).await
}

async fn find(
    connection: &mut PgConnection,
    client: ClientId,
    id: PaymentId,
) -> Result<Option<Payment>, StoreError> {
    let found = query_payments!(
        r#"SELECT to_json(found)::text AS "payment!" FROM (SELECT "#,
        " FROM payments WHERE client_id = $1 AND id = $2) AS found",
        client.get(),
        id.get(),
    )
    .fetch_optional(connection)
    .await?;
    found.map(|found| from_json::<PaymentRow<'_>>(&found.payment)?.try_into()).transpose()
}

/// The phases of a status.
fn phases(status: PaymentStatus) -> Vec<String> {
    let phases = match status {
        PaymentStatus::Processing => {
            &[PaymentPhase::Created, PaymentPhase::Sent, PaymentPhase::Unknown][..]
        }
        other => return vec![other.as_str().to_owned()],
    };
    phases.iter().map(|phase| phase.as_str().to_owned()).collect()
}

/// The three are tried each by itself, because one statement for any filter would have a plan that
/// reads all payments of the client.
async fn newest(
    connection: &mut PgConnection,
    asked: &PageOfPayments,
    before: i64,
) -> Result<Option<String>, sqlx::Error> {
    let page = query_payments!(
        "SELECT json_agg(page)::text AS page FROM (SELECT ",
        " FROM payments WHERE client_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3) AS page",
        asked.client.get(),
        before,
        i64::from(asked.limit) + 1,
    );
    Ok(page.fetch_one(connection).await?.page)
}

async fn of_user(
    connection: &mut PgConnection,
    asked: &PageOfPayments,
    user: UserId,
    status: Option<PaymentStatus>,
    before: i64,
) -> Result<Option<String>, sqlx::Error> {
    let phases = status.map(phases);
    let page = query_payments!(
        "SELECT json_agg(page)::text AS page FROM (SELECT ",
        " FROM payments WHERE client_id = $1 AND user_id = $2 AND id < $3
             AND ($4::text[] IS NULL OR phase = ANY ($4))
             ORDER BY id DESC LIMIT $5) AS page",
        asked.client.get(),
        user.get(),
        before,
        phases.as_deref(),
        i64::from(asked.limit) + 1,
    );
    Ok(page.fetch_one(connection).await?.page)
}

/// The newest of each phase, and the newest of these.
async fn of_status(
    connection: &mut PgConnection,
    asked: &PageOfPayments,
    status: PaymentStatus,
    before: i64,
) -> Result<Option<String>, sqlx::Error> {
    let page = query_payments!(
        "SELECT json_agg(page.found ORDER BY page.id DESC)::text AS page
         FROM (SELECT of_phase AS found, of_phase.id
               FROM unnest($2::text[]) AS wanted (of_phase_name),
                   LATERAL (SELECT ",
        " FROM payments WHERE client_id = $1 AND phase = wanted.of_phase_name AND id < $3
                            ORDER BY id DESC LIMIT $4) AS of_phase
               ORDER BY of_phase.id DESC LIMIT $4) AS page",
        asked.client.get(),
        &phases(status),
        before,
        i64::from(asked.limit) + 1,
    );
    Ok(page.fetch_one(connection).await?.page)
}
