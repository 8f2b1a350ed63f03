//! What Postgres holds at the end, in the words of the domain.

use crate::checker::{LedgerRow, Rows};
use anyhow::{Context, Result};
use shared::domain::{
    Answer, ClientId, Email, Fingerprint, Gift, GiftId, GiftStatus, Grant, GrantSource, Instant,
    JobId, Subscription, SubscriptionId, SubscriptionStatus, User, UserId,
};
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use uuid::Uuid;

/// Reads every row.
pub async fn read(pool: &PgPool) -> Result<Rows> {
    let users = all(pool, "SELECT * FROM users ORDER BY id", user).await?;
    let subscriptions = "SELECT s.*, u.client_id FROM subscriptions s \
                         JOIN users u ON u.id = s.user_id ORDER BY s.id";
    let gifts = "SELECT g.*, u.client_id FROM gifts g JOIN users u ON u.id = g.gifter_id \
                 ORDER BY g.id";
    Ok(Rows {
        users,
        subscriptions: all(pool, subscriptions, subscription).await?,
        gifts: all(pool, gifts, gift).await?,
        grants: all(pool, "SELECT * FROM grants ORDER BY id", grant).await?,
        ledger: all(pool, "SELECT * FROM transactions ORDER BY position", ledger_row).await?,
    })
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
        id: UserId(row.try_get("id")?),
        client: ClientId(row.try_get("client_id")?),
        email: Email::parse(row.try_get("email")?)?,
        created_at: row.try_get("created_at")?,
    })
}

fn subscription(row: &PgRow) -> Result<Subscription> {
    Ok(Subscription {
        id: SubscriptionId(row.try_get("id")?),
        user: UserId(row.try_get("user_id")?),
        client: ClientId(row.try_get("client_id")?),
        plan: row.try_get("plan")?,
        status: SubscriptionStatus::parse(row.try_get("status")?).context("status")?,
        months: row.try_get::<i32, _>("months")?.try_into()?,
        start_date: row.try_get("start_date")?,
        end_date: row.try_get("end_date")?,
        cancelled_at: row.try_get("cancelled_at")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn gift(row: &PgRow) -> Result<Gift> {
    Ok(Gift {
        id: GiftId(row.try_get("id")?),
        gifter: UserId(row.try_get("gifter_id")?),
        client: ClientId(row.try_get("client_id")?),
        recipient_email: Email::parse(row.try_get("recipient_email")?)?,
        recipient: row.try_get::<Option<i64>, _>("recipient_id")?.map(UserId),
        status: GiftStatus::parse(row.try_get("status")?).context("status")?,
        months: row.try_get::<i32, _>("months")?.try_into()?,
        expires_at: row.try_get("expires_at")?,
        redeemed_at: row.try_get("redeemed_at")?,
        created_at: row.try_get("created_at")?,
    })
}

fn grant(row: &PgRow) -> Result<Grant> {
    let gift: Option<i64> = row.try_get("gift_id")?;
    Ok(Grant {
        subscription: SubscriptionId(row.try_get("subscription_id")?),
        source: match (row.try_get("source")?, gift) {
            ("purchase", None) => GrantSource::Purchase,
            ("renewal", None) => GrantSource::Renewal,
            ("gift", Some(id)) => GrantSource::Gift(GiftId(id)),
            (source, gift) => anyhow::bail!("a grant of source {source} by gift {gift:?}"),
        },
        months: row.try_get::<i32, _>("months")?.try_into()?,
        job: JobId(row.try_get::<Uuid, _>("job_id")?),
        granted_at: row.try_get("granted_at")?,
    })
}

fn ledger_row(row: &PgRow) -> Result<LedgerRow> {
    Ok(LedgerRow {
        position: row.try_get("position")?,
        job: JobId(row.try_get::<Uuid, _>("job_id")?),
        client: ClientId(row.try_get("client_id")?),
        key: row.try_get("idempotency_key")?,
        fingerprint: Fingerprint::from_bytes(row.try_get("fingerprint")?).context("fingerprint")?,
        operation: row.try_get("operation")?,
        entity: row.try_get("entity_id")?,
        answer: Answer {
            status: row.try_get::<i16, _>("status")?.try_into()?,
            body: row.try_get("body")?,
        },
        finished_at: row.try_get::<Instant, _>("finished_at")?,
    })
}
