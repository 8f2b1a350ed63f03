//! Reads the rows in Postgres as types of the domain.

use crate::checker::{LogRow, Rows};
use anyhow::{Context, Result};
use domain::{
    Advance, Answer, ClientId, Email, ExternalId, Fingerprint, GiftId, Grant, GrantSource, Instant,
    JobId, Origin, Plan, SubscriptionId, TestClock, User, UserId,
};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use store::StoreError;
use store::plans::PageOf;
use store::scan::{self, Page, Place, Stored};
use uuid::Uuid;

const USERS: &str = "SELECT id, client_id, email, external_id, metadata::text, created_at \
                     FROM users ORDER BY id";

const CLIENTS: &str = "SELECT id FROM clients ORDER BY id";

const GRANTS: &str = "SELECT client_id, subscription_id, source, months, gift_id, reason, job_id, \
                      granted_at FROM grants ORDER BY id";

const CLOCKS: &str = "SELECT client_id, now, target, job_id FROM test_clocks ORDER BY client_id";

const LOG: &str = "SELECT position, job_id, client_id, origin, idempotency_key, fingerprint, \
                   operation, input::text, user_id, entity_id, status, body, decided_at \
                   FROM transactions ORDER BY position";

/// The rows of one page.
const PAGE: u32 = 1_000;

/// Reads every row. `store` reads those that the product's own types describe.
pub async fn read(pool: &PgPool, store: &store::Database) -> Result<Rows> {
    let subscriptions = pages(async |after| scan::subscriptions(store, after, PAGE).await).await?;
    let gifts = pages(async |after| scan::gifts(store, after, PAGE).await).await?;
    let due_subscriptions = subscriptions.iter().filter_map(|(s, due)| Some((s.id, (*due)?)));
    let due_gifts = gifts.iter().filter_map(|(gift, due)| Some((gift.id, (*due)?)));
    Ok(Rows {
        users: all(pool, USERS, user).await?,
        due_subscriptions: due_subscriptions.collect(),
        due_gifts: due_gifts.collect(),
        subscriptions: subscriptions.into_iter().map(|(subscription, _)| subscription).collect(),
        gifts: gifts.into_iter().map(|(gift, _)| gift).collect(),
        grants: all(pool, GRANTS, grant).await?,
        plans: plans(pool, store).await?,
        clocks: all(pool, CLOCKS, clock).await?,
        log: all(pool, LOG, log_row).await?,
    })
}

/// The plans of all clients.
async fn plans(pool: &PgPool, store: &store::Database) -> Result<Vec<Plan>> {
    let clients: Vec<i64> = sqlx::query_scalar(CLIENTS).fetch_all(pool).await?;
    let mut plans = Vec::new();
    for client in clients.into_iter().map(ClientId::new) {
        let all = PageOf { client, retired: true, after: None, limit: PAGE };
        plans.extend(store::plans::list(store, &all).await?.plans);
    }
    Ok(plans)
}

/// All rows of a table, each with its `due_at`.
async fn pages<T>(
    look: impl AsyncFn(Option<Place>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<(T, Option<Instant>)>> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = look(after).await?;
        for Stored { id, due_at, row } in page.rows {
            rows.push((row.with_context(|| format!("row {id}"))?, due_at));
        }
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

async fn all<T>(
    pool: &PgPool,
    query: &'static str,
    read: impl Fn(&PgRow) -> Result<T>,
) -> Result<Vec<T>> {
    let rows = sqlx::query(query).fetch_all(pool).await?;
    rows.iter().map(|row| read(row).with_context(|| query)).collect()
}

fn user(row: &PgRow) -> Result<User> {
    let external_id: Option<&str> = row.try_get("external_id")?;
    Ok(User {
        id: UserId::new(row.try_get("id")?),
        client: ClientId::new(row.try_get("client_id")?),
        email: Email::parse(row.try_get("email")?)?,
        external_id: external_id.map(ExternalId::parse).transpose()?,
        metadata: serde_json::from_str(row.try_get("metadata")?)?,
        created_at: row.try_get("created_at")?,
    })
}

fn grant(row: &PgRow) -> Result<Grant> {
    let gift: Option<i64> = row.try_get("gift_id")?;
    Ok(Grant {
        client: ClientId::new(row.try_get("client_id")?),
        subscription: SubscriptionId::new(row.try_get("subscription_id")?),
        source: GrantSource::from_parts(
            row.try_get("source")?,
            gift.map(GiftId::new),
            row.try_get("reason")?,
        )
        .context("source")?,
        months: row.try_get::<i32, _>("months")?.try_into()?,
        job: JobId::new(row.try_get::<Uuid, _>("job_id")?),
        granted_at: row.try_get("granted_at")?,
    })
}

fn clock(row: &PgRow) -> Result<TestClock> {
    let target: Option<Instant> = row.try_get("target")?;
    let job: Option<Uuid> = row.try_get("job_id")?;
    let advance = target.zip(job).map(|(target, job)| Advance { target, job: JobId::new(job) });
    let client = ClientId::new(row.try_get("client_id")?);
    Ok(TestClock { client, now: row.try_get("now")?, advance })
}

/// The answer of a row of the command log, if it has one.
fn answer(row: &PgRow) -> Result<Option<Answer>> {
    let (status, body) = (row.try_get::<Option<i16>, _>("status")?, row.try_get("body")?);
    let answer = Option::zip(status, body);
    answer.map(|(status, body)| Ok(Answer { status: status.try_into()?, body })).transpose()
}

fn log_row(row: &PgRow) -> Result<LogRow> {
    Ok(LogRow {
        position: row.try_get("position")?,
        job: JobId::new(row.try_get::<Uuid, _>("job_id")?),
        client: ClientId::new(row.try_get("client_id")?),
        origin: Origin::parse(row.try_get("origin")?).context("origin")?,
        key: row.try_get("idempotency_key")?,
        fingerprint: Fingerprint::from_bytes(row.try_get("fingerprint")?).context("fingerprint")?,
        operation: row.try_get("operation")?,
        input: row.try_get("input")?,
        user: row.try_get::<Option<i64>, _>("user_id")?.map(UserId::new),
        entity: row.try_get("entity_id")?,
        answer: answer(row)?,
        decided_at: row.try_get("decided_at")?,
    })
}
