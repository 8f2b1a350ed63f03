//! Pages of all subscriptions of a client, for its back office.

use crate::connections::Lent;
use crate::reads::line::line;
use crate::tables::{SubscriptionRow, from_json, query_subscriptions};
use crate::{Database, StoreError};
use domain::{ClientId, Instant, Subscription, SubscriptionId, SubscriptionStatus};
use sqlx::PgConnection;

/// The rows of one look. With a status more rows are looked at than shown: one that is past its end
/// and not marked is stored with another status than it has.
const LOOK: u32 = 200;
/// The most looks for one page. It bounds a page while the due lane is far behind.
const LOOKS_MAX: usize = 50;

/// A request for a page of the subscriptions of a client: the newest `limit` ones that are older
/// than `before`, and that have the status and the plan, if these are given.
#[derive(Debug, Clone)]
pub struct PageOfClient {
    /// The client that sent the request.
    pub client: ClientId,
    /// The status that they have now, whether or not it is marked.
    pub status: Option<SubscriptionStatus>,
    /// The code of their plan.
    pub plan: Option<String>,
    /// The last subscription of the page before, if there is one.
    pub before: Option<SubscriptionId>,
    /// The most subscriptions of the page.
    pub limit: u32,
}

/// A page of the subscriptions of a client, as they are at `now`.
#[derive(Debug)]
pub struct ClientPage {
    /// The subscriptions, newest first.
    pub subscriptions: Vec<Subscription>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// The time of the client.
    pub now: Instant,
}

/// One look: the subscriptions as they are, and the last row that was looked at, if there may be
/// more.
struct Found {
    subscriptions: Vec<Subscription>,
    last: Option<i64>,
    now: Option<Instant>,
}

/// A page of subscriptions.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn client_subscriptions(
    database: &Database,
    asked: &PageOfClient,
) -> Result<ClientPage, StoreError> {
    let read = |mut connection: Lent| async move { page(&mut connection, asked).await };
    database.read(read).await
}

async fn page(
    connection: &mut PgConnection,
    asked: &PageOfClient,
) -> Result<ClientPage, StoreError> {
    let limit = asked.limit as usize;
    let mut page =
        ClientPage { subscriptions: Vec::new(), has_more: false, now: Instant::UNIX_EPOCH };
    let mut before = Some(asked.before.map_or(i64::MAX, SubscriptionId::get));
    for _ in 0..LOOKS_MAX {
        let Some(from) = before.filter(|_| page.subscriptions.len() <= limit) else { break };
        let found = look(connection, asked, from).await?;
        page.now = found.now.unwrap_or(page.now);
        page.subscriptions.extend(found.subscriptions);
        before = found.last;
    }
    page.has_more = page.subscriptions.len() > limit || before.is_some();
    page.subscriptions.truncate(limit);
    Ok(page)
}

async fn look(
    connection: &mut PgConnection,
    asked: &PageOfClient,
    before: i64,
) -> Result<Found, StoreError> {
    let size = if asked.status.is_some() { LOOK } else { asked.limit + 1 };
    let rows = query_subscriptions!(
        r#"SELECT clock.now AS "now!", to_json(found)::text AS "subscription!", found.id AS "id!",
                  line_of(found.client_id, found.user_id)::text AS line
           FROM (SELECT coalesce((SELECT test_clocks.now FROM test_clocks
                                  WHERE test_clocks.client_id = $1), now()) AS now) AS clock,
               LATERAL (SELECT "#,
        r#" FROM subscriptions
                        WHERE client_id = $1 AND id < $2 AND ($3::text IS NULL OR plan = $3)
                          AND ($4::text IS NULL OR status = $4 OR status = 'scheduled'
                               OR due_at <= clock.now)
                        ORDER BY id DESC LIMIT $5) AS found"#,
        asked.client.get(),
        before,
        asked.plan,
        asked.status.map(SubscriptionStatus::as_str),
        i64::from(size),
    )
    .fetch_all(connection)
    .await?;
    let is_full = rows.len() >= size as usize;
    let (last, now) = (rows.last().map(|row| row.id), rows.first().map(|row| row.now));
    let mut subscriptions = Vec::new();
    for row in rows {
        let stored = from_json::<SubscriptionRow<'_>>(&row.subscription)?.try_into()?;
        let seen = line(row.line.as_deref())?.row_at(&stored, row.now);
        if asked.status.is_none_or(|status| seen.state.status() == status) {
            subscriptions.push(seen);
        }
    }
    Ok(Found { subscriptions, last: last.filter(|_| is_full), now })
}
