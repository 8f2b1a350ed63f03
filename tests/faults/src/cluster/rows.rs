//! Reads the rows in Postgres as types of the domain.

use crate::checker::{LogRow, Rows};
use anyhow::{Context, Result};
use domain::{
    Answer, ClientId, Email, Fingerprint, Gift, GiftId, GiftState, GiftStatus, Grant, GrantSource,
    Instant, JobId, Origin, Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus,
    User, UserId,
};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

const USERS: &str = "SELECT id, client_id, email, created_at FROM users ORDER BY id";

const SUBSCRIPTIONS: &str = "SELECT id, client_id, user_id, plan, status, months, start_date, \
                             end_date, cancelled_at, created_at, updated_at, due_at \
                             FROM subscriptions ORDER BY id";

const GIFTS: &str = "SELECT id, client_id, gifter_id, recipient_email, recipient_id, status, \
                     months, expires_at, redeemed_at, created_at, due_at FROM gifts ORDER BY id";

const GRANTS: &str = "SELECT client_id, subscription_id, source, months, gift_id, job_id, \
                      granted_at FROM grants ORDER BY id";

const LOG: &str = "SELECT position, job_id, client_id, origin, idempotency_key, fingerprint, \
                   operation, input::text, user_id, entity_id, status, body, decided_at \
                   FROM transactions ORDER BY position";

/// Reads every row.
pub async fn read(pool: &PgPool) -> Result<Rows> {
    let subscriptions = all(pool, SUBSCRIPTIONS, |row| Ok((subscription(row)?, due(row)?))).await?;
    let gifts = all(pool, GIFTS, |row| Ok((gift(row)?, due(row)?))).await?;
    let due_subscriptions = subscriptions.iter().filter_map(|(s, due)| Some((s.id, (*due)?)));
    let due_gifts = gifts.iter().filter_map(|(gift, due)| Some((gift.id, (*due)?)));
    Ok(Rows {
        users: all(pool, USERS, user).await?,
        due_subscriptions: due_subscriptions.collect(),
        due_gifts: due_gifts.collect(),
        subscriptions: subscriptions.into_iter().map(|(subscription, _)| subscription).collect(),
        gifts: gifts.into_iter().map(|(gift, _)| gift).collect(),
        grants: all(pool, GRANTS, grant).await?,
        log: all(pool, LOG, log_row).await?,
    })
}

fn due(row: &PgRow) -> Result<Option<Instant>> {
    Ok(row.try_get("due_at")?)
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
    Ok(User {
        id: UserId::new(row.try_get("id")?),
        client: ClientId::new(row.try_get("client_id")?),
        email: Email::parse(row.try_get("email")?)?,
        created_at: row.try_get("created_at")?,
    })
}

fn subscription(row: &PgRow) -> Result<Subscription> {
    Ok(Subscription {
        id: SubscriptionId::new(row.try_get("id")?),
        user: UserId::new(row.try_get("user_id")?),
        client: ClientId::new(row.try_get("client_id")?),
        plan: row.try_get("plan")?,
        state: SubscriptionState::from_parts(
            SubscriptionStatus::parse(row.try_get("status")?).context("status")?,
            row.try_get("cancelled_at")?,
        )
        .context("cancelled_at")?,
        months: row.try_get::<i32, _>("months")?.try_into()?,
        start_date: row.try_get("start_date")?,
        end_date: row.try_get("end_date")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn gift(row: &PgRow) -> Result<Gift> {
    Ok(Gift {
        id: GiftId::new(row.try_get("id")?),
        gifter: UserId::new(row.try_get("gifter_id")?),
        client: ClientId::new(row.try_get("client_id")?),
        recipient_email: Email::parse(row.try_get("recipient_email")?)?,
        state: GiftState::from_parts(
            GiftStatus::parse(row.try_get("status")?).context("status")?,
            row.try_get::<Option<i64>, _>("recipient_id")?.map(UserId::new),
            row.try_get("redeemed_at")?,
        )
        .context("redeemed_at")?,
        months: row.try_get::<i32, _>("months")?.try_into()?,
        expires_at: row.try_get("expires_at")?,
        created_at: row.try_get("created_at")?,
    })
}

fn grant(row: &PgRow) -> Result<Grant> {
    let gift: Option<i64> = row.try_get("gift_id")?;
    Ok(Grant {
        client: ClientId::new(row.try_get("client_id")?),
        subscription: SubscriptionId::new(row.try_get("subscription_id")?),
        source: match (row.try_get("source")?, gift) {
            ("purchase", None) => GrantSource::Purchase,
            ("renewal", None) => GrantSource::Renewal,
            ("gift", Some(id)) => GrantSource::Gift(GiftId::new(id)),
            (source, gift) => anyhow::bail!("a grant of source {source} by gift {gift:?}"),
        },
        months: row.try_get::<i32, _>("months")?.try_into()?,
        job: JobId::new(row.try_get::<Uuid, _>("job_id")?),
        granted_at: row.try_get("granted_at")?,
    })
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
        answer: Answer {
            status: row.try_get::<i16, _>("status")?.try_into()?,
            body: row.try_get("body")?,
        },
        decided_at: row.try_get("decided_at")?,
    })
}
