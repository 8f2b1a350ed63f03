//! Loading and locking what a batch of commands touches.

use super::StoreError;
use super::rows::{GiftRow, SubscriptionRow, UserRow};
use crate::domain::world::{Change, Footprint};
use crate::domain::{Instant, World};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Loads what `footprint` names, and locks it until the transaction ends. With it come the clock, what
/// the ledger has of `jobs`, and new ids: all that a batch is decided with.
///
/// Lock order: users, gifts, subscriptions; ids ascending in each. The user row is the mutex of its
/// subscriptions: it is locked before they are looked at, so that they are seen as the
/// last holder left them. `NO KEY` leaves the foreign keys of others alone.
///
/// Each statement looks rows up by key and has only one good plan ([`super::begin_batch`]).
pub async fn load(
    tx: &mut PgConnection,
    footprint: &Footprint,
    jobs: &[Uuid],
    wanted: Wanted,
) -> Result<(World, Drawn), StoreError> {
    let mut world = World::default();
    let mut ids: BTreeSet<i64> = footprint.users.iter().map(|id| id.0).collect();
    if !footprint.subscriptions.is_empty() {
        ids.extend(users_of_subscriptions(tx, footprint).await?);
    }
    if !footprint.emails.is_empty() {
        ids.extend(users_of_emails(tx, footprint).await?);
    }
    let ids: Vec<i64> = ids.into_iter().collect();
    if !ids.is_empty() {
        for user in lock_users(tx, &ids).await? {
            world.apply(Change::User(user.try_into()?));
        }
    }
    if !footprint.gifts.is_empty() {
        for gift in lock_gifts(tx, footprint).await? {
            world.apply(Change::Gift(gift.try_into()?));
        }
    }
    let (subscriptions, drawn) = lock_subscriptions(tx, footprint, &ids, (jobs, wanted)).await?;
    for subscription in subscriptions {
        world.apply(Change::Subscription(subscription.try_into()?));
    }
    Ok((world, drawn))
}

/// A subscription never changes its user, so that one may be looked up before the lock is held.
async fn users_of_subscriptions(
    tx: &mut PgConnection,
    footprint: &Footprint,
) -> Result<Vec<i64>, StoreError> {
    let ids: Vec<i64> = footprint.subscriptions.iter().map(|id| id.0).collect();
    let found =
        sqlx::query_scalar!("SELECT user_id FROM subscriptions WHERE id = ANY($1::bigint[])", &ids)
            .fetch_all(tx)
            .await?;
    Ok(found)
}

/// Nor does a user change its email, or go.
async fn users_of_emails(
    tx: &mut PgConnection,
    footprint: &Footprint,
) -> Result<Vec<i64>, StoreError> {
    let (clients, emails): (Vec<i64>, Vec<String>) =
        footprint.emails.iter().map(|(client, email)| (client.0, email.clone())).unzip();
    // The limit has each pair looked up by itself, whatever the sizes of the tables.
    let found = sqlx::query_scalar!(
        r#"SELECT found.id FROM unnest($1::bigint[], $2::text[]) AS wanted (client_id, email),
               LATERAL (SELECT id FROM users
                        WHERE users.client_id = wanted.client_id
                          AND lower(users.email COLLATE "C") = wanted.email COLLATE "C"
                        LIMIT 1) AS found"#,
        &clients,
        &emails,
    )
    .fetch_all(tx)
    .await?;
    Ok(found)
}

async fn lock_users(tx: &mut PgConnection, ids: &[i64]) -> Result<Vec<UserRow>, StoreError> {
    let rows = sqlx::query_as!(
        UserRow,
        "SELECT id, client_id, email, created_at FROM users
         WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE",
        ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

async fn lock_gifts(
    tx: &mut PgConnection,
    footprint: &Footprint,
) -> Result<Vec<GiftRow>, StoreError> {
    let ids: Vec<i64> = footprint.gifts.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        GiftRow,
        r#"SELECT id, gifter_id,
                  (SELECT client_id FROM users WHERE users.id = gifter_id) AS "client_id!",
                  recipient_email, recipient_id, status, months, expires_at, redeemed_at,
                  created_at
           FROM gifts
           WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"#,
        &ids,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

/// How many new ids of each kind a batch may need.
#[derive(Debug, Default, Clone, Copy)]
pub struct Wanted {
    /// New users.
    pub users: i32,
    /// New subscriptions.
    pub subscriptions: i32,
    /// New gifts.
    pub gifts: i32,
}

/// What a batch is decided with, beside what it touches.
#[derive(Debug)]
pub struct Drawn {
    /// Postgres's clock, now.
    pub now: Instant,
    /// Which of its jobs have a row in the ledger already: seldom any.
    pub decided: Vec<Uuid>,
    /// Ids for new users.
    pub users: Vec<i64>,
    /// Ids for new subscriptions.
    pub subscriptions: Vec<i64>,
    /// Ids for new gifts.
    pub gifts: Vec<i64>,
}

/// The active subscriptions of the users, and those named by id.
///
/// In the same round trip, and with those locks held: the clock, the ledger and the ids. The
/// transaction's own start may lie before what others committed while it waited.
async fn lock_subscriptions(
    tx: &mut PgConnection,
    footprint: &Footprint,
    users: &[i64],
    (jobs, wanted): (&[Uuid], Wanted),
) -> Result<(Vec<SubscriptionRow>, Drawn), StoreError> {
    let ids: Vec<i64> = footprint.subscriptions.iter().map(|id| id.0).collect();
    // The limits have each row looked up by itself, whatever the sizes of the tables.
    let row = sqlx::query!(
        r#"SELECT
             (SELECT jsonb_agg(s)::text
              FROM (SELECT unnest($1::bigint[]) AS id
                    UNION
                    SELECT active.id FROM unnest($2::bigint[]) AS owner (id),
                        LATERAL (SELECT id FROM subscriptions
                                 WHERE user_id = owner.id AND status = 'active' LIMIT 1) AS active
                    ORDER BY id) AS wanted,
                   LATERAL (SELECT *, (SELECT client_id FROM users WHERE users.id = user_id)
                            FROM subscriptions WHERE subscriptions.id = wanted.id
                            LIMIT 1 FOR NO KEY UPDATE) AS s) AS loaded,
             ARRAY(SELECT job_id FROM transactions WHERE job_id = ANY($3)) AS "decided!",
             ARRAY(SELECT nextval('users_id_seq') FROM generate_series(1, $4)) AS "users!",
             ARRAY(SELECT nextval('subscriptions_id_seq') FROM generate_series(1, $5))
               AS "subscriptions!",
             ARRAY(SELECT nextval('gifts_id_seq') FROM generate_series(1, $6)) AS "gifts!",
             clock_timestamp() AS "now!""#,
        &ids,
        users,
        jobs,
        wanted.users,
        wanted.subscriptions,
        wanted.gifts,
    )
    .fetch_one(tx)
    .await?;
    let loaded = row.loaded.as_deref().unwrap_or("[]");
    let loaded = serde_json::from_str(loaded).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let drawn = Drawn {
        now: row.now,
        decided: row.decided,
        users: row.users,
        subscriptions: row.subscriptions,
        gifts: row.gifts,
    };
    Ok((loaded, drawn))
}
