//! Pages of the subscriptions of users.

use crate::connections::Lent;
use crate::reads::line::line;
use crate::reads::page::cut;
use crate::tables::{SubscriptionRow, query_subscriptions};
use crate::{Database, StoreError};
use domain::{ClientId, Instant, Line, Subscription, SubscriptionId, UserId};
use sqlx::PgConnection;
use std::collections::HashMap;

/// A request for a page of subscriptions: the newest `limit` ones of a user of that client that are
/// older than `before`.
#[derive(Debug, Clone, Copy)]
pub struct PageOf {
    /// The client that sent the request.
    pub client: ClientId,
    /// The user whose subscriptions are requested.
    pub user: UserId,
    /// The last subscription of the page before, if there is one.
    pub before: Option<SubscriptionId>,
    /// The most subscriptions of the page.
    pub limit: u32,
}

/// A page of the subscriptions of one user.
#[derive(Debug)]
pub struct Page {
    /// The subscriptions, newest first.
    pub subscriptions: Vec<Subscription>,
    /// The line of the user, if any subscription waits in it. It need not be on the page.
    pub line: Line,
    /// Whether there are older ones.
    pub has_more: bool,
    /// The time of the client.
    pub now: Instant,
}

/// Pages of subscriptions, in the order in which they are requested. `None` if there is no such
/// user. A page that cannot be read does not stand in the way of the others.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn subscriptions(
    database: &Database,
    asked: &[PageOf],
) -> Result<Vec<Result<Option<Page>, StoreError>>, StoreError> {
    let look =
        |mut connection: Lent| async move { find_subscriptions(&mut connection, asked).await };
    database.read(look).await
}

async fn find_subscriptions(
    connection: &mut PgConnection,
    asked: &[PageOf],
) -> Result<Vec<Result<Option<Page>, StoreError>>, StoreError> {
    let users: Vec<i64> = asked.iter().map(|page| page.user.get()).collect();
    let clients: Vec<i64> = asked.iter().map(|page| page.client.get()).collect();
    let befores: Vec<i64> =
        asked.iter().map(|page| page.before.map_or(i64::MAX, SubscriptionId::get)).collect();
    let limits: Vec<i64> = asked.iter().map(|page| page.limit.into()).collect();
    // One subscription more than requested is read, which tells whether more follow. LIMIT makes
    // Postgres look each row up by itself, whatever the sizes of the tables.
    let rows = query_subscriptions!(
        r#"SELECT asked.place AS "place!",
                  coalesce((SELECT test_clocks.now FROM test_clocks
                            WHERE test_clocks.client_id = owner.client_id), now()) AS "now!",
                  line_of(owner.client_id, owner.id)::text AS line,
                  (SELECT json_agg(page) FROM (SELECT "#,
        r#" FROM subscriptions
                         WHERE subscriptions.client_id = owner.client_id
                           AND subscriptions.user_id = owner.id
                           AND subscriptions.id < asked.before
                         ORDER BY subscriptions.id DESC LIMIT asked.size + 1) AS page)::text AS page
           FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
                    AS asked (client_id, user_id, before, size, place),
                LATERAL (SELECT client_id, id FROM users
                         WHERE users.client_id = asked.client_id AND users.id = asked.user_id
                         LIMIT 1) AS owner"#,
        &clients,
        &users,
        &befores,
        &limits,
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut found: HashMap<i64, _> = rows.into_iter().map(|row| (row.place, row)).collect();
    let page = |(place, asked): (i64, &PageOf)| {
        let Some(row) = found.remove(&place) else { return Ok(None) };
        let (page, line) = (row.page.as_deref(), row.line.as_deref());
        Page::read(page, line, asked.limit as usize, row.now).map(Some)
    };
    Ok((1..).zip(asked).map(page).collect())
}

impl Page {
    fn read(
        rows: Option<&str>,
        in_line: Option<&str>,
        limit: usize,
        now: Instant,
    ) -> Result<Self, StoreError> {
        let (subscriptions, has_more) = cut::<SubscriptionRow<'_>, _>(rows, limit)?;
        Ok(Self { subscriptions, line: line(in_line)?, has_more, now })
    }
}
