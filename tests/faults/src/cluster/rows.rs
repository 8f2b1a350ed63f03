//! Reads the rows in Postgres as types of the domain.

use super::money;
use crate::checker::{LogRow, ProviderBooks, Rows};
use anyhow::{Context, Result};
use domain::{
    Advance, Answer, ClientId, Email, ExternalId, Fingerprint, Instant, JobId, Origin,
    PaymentMethodId, Plan, TestClock, User, UserId,
};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use std::collections::BTreeSet;
use store::StoreError;
use store::check::Invariant;
use store::plans::PageOf;
use store::scan::{self, Page, Place, Stored};
use uuid::Uuid;

const USERS: &str = "SELECT id, client_id, email, external_id, metadata::text, currency, \
                     credit, default_method, created_at FROM users ORDER BY id";

const CLIENTS: &str = "SELECT id FROM clients ORDER BY id";

const CLOCKS: &str = "SELECT client_id, now, target, job_id FROM test_clocks ORDER BY client_id";

const LOG: &str = "SELECT position, job_id, client_id, origin, idempotency_key, fingerprint, \
                   operation, input::text, user_id, entity_id, status, body, decided_at \
                   FROM transactions ORDER BY position";

const DECIDED: &str = "SELECT idempotency_key FROM transactions \
                       WHERE origin = 'client' AND status IS NOT NULL";

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
        grants: all(pool, money::GRANTS, money::grant).await?,
        payments: all(pool, money::PAYMENTS, money::payment).await?,
        methods: all(pool, money::METHODS, money::method).await?,
        refunds: all(pool, money::REFUNDS, money::refund).await?,
        transfers: all(pool, money::LEDGER, money::transfer).await?,
        provider: ProviderBooks {
            charges: all(pool, money::CHARGES, money::charge).await?,
            refunds: all(pool, money::PROVIDER_REFUNDS, money::provider_refund).await?,
        },
        effects: all(pool, money::EFFECTS, money::effect).await?,
        findings: findings(pool, store).await?,
        plans: plans(pool, store).await?,
        clocks: all(pool, CLOCKS, clock).await?,
        log: all(pool, LOG, log_row).await?,
    })
}

/// The keys of clients that have an answer in the command log.
pub async fn decided_keys(pool: &PgPool) -> Result<BTreeSet<String>> {
    let keys: Vec<String> = sqlx::query_scalar(DECIDED).fetch_all(pool).await?;
    Ok(keys.into_iter().collect())
}

/// The plans of all clients.
async fn plans(pool: &PgPool, store: &store::Database) -> Result<Vec<Plan>> {
    let mut plans = Vec::new();
    for client in clients(pool).await? {
        let all = PageOf { client, retired: true, after: None, limit: PAGE };
        plans.extend(store::plans::list(store, &all).await?.plans);
    }
    Ok(plans)
}

async fn clients(pool: &PgPool) -> Result<Vec<ClientId>> {
    let ids: Vec<i64> = sqlx::query_scalar(CLIENTS).fetch_all(pool).await?;
    Ok(ids.into_iter().map(ClientId::new).collect())
}

/// What `worker check` would find.
async fn findings(pool: &PgPool, store: &store::Database) -> Result<Vec<(String, String)>> {
    let mut findings = Vec::new();
    for client in clients(pool).await? {
        for invariant in Invariant::ALL {
            let found = invariant.look(store, client, 10).await?;
            findings.extend(found.into_iter().map(|told| (invariant.as_str().to_owned(), told)));
        }
    }
    Ok(findings)
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
        currency: money::currency(row.try_get("currency")?)?,
        credit: money::amount(row, "credit")?,
        default_method: row.try_get::<Option<i64>, _>("default_method")?.map(PaymentMethodId::new),
        created_at: row.try_get("created_at")?,
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
