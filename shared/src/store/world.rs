//! Loading and locking what a batch of commands touches.

use super::StoreError;
use super::rows::{GiftRow, SubscriptionRow, UserRow};
use crate::domain::world::{Change, Footprint};
use crate::domain::{Instant, World};
use sqlx::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Loads what `footprint` names, and locks it until the transaction ends.
///
/// Lock order: users, subscriptions, gifts; ids of users and gifts ascending. The user row is the
/// mutex of its subscriptions: it is locked before they are looked at, so that they are seen as the
/// last holder left them. `NO KEY` leaves the foreign keys of others alone.
///
/// Each statement looks rows up by key and has only one good plan ([`super::begin_batch`]).
pub async fn load(tx: &mut PgConnection, footprint: &Footprint) -> Result<World, StoreError> {
    let mut world = World::default();
    let mut ids: BTreeSet<i64> = footprint.users.iter().map(|id| id.0).collect();
    if !footprint.subscriptions.is_empty() {
        ids.extend(users_of_subscriptions(tx, footprint).await?);
    }
    if !footprint.emails.is_empty() {
        ids.extend(users_of_emails(tx, footprint).await?);
    }
    if !ids.is_empty() {
        let users = lock_users(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        let ids: Vec<i64> = users.iter().map(|user| user.id).collect();
        for user in users {
            world.apply(Change::User(user.try_into()?));
        }
        for subscription in lock_subscriptions(tx, footprint, &ids).await? {
            world.apply(Change::Subscription(subscription.try_into()?));
        }
    }
    if !footprint.gifts.is_empty() {
        for gift in lock_gifts(tx, footprint).await? {
            world.apply(Change::Gift(gift.try_into()?));
        }
    }
    Ok(world)
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

/// The active subscriptions of the users, and those named by id. Their users are locked, so that no
/// other batch wants them in another order, and the sweep skips what it does not get.
async fn lock_subscriptions(
    tx: &mut PgConnection,
    footprint: &Footprint,
    users: &[i64],
) -> Result<Vec<SubscriptionRow>, StoreError> {
    let ids: Vec<i64> = footprint.subscriptions.iter().map(|id| id.0).collect();
    // The limits have each row looked up by itself, whatever the sizes of the tables.
    let rows = sqlx::query_as!(
        SubscriptionRow,
        r#"SELECT s.id, s.user_id,
                  (SELECT client_id FROM users WHERE users.id = s.user_id) AS "client_id!",
                  s.plan, s.status, s.months, s.start_date, s.end_date, s.cancelled_at,
                  s.created_at, s.updated_at
           FROM (SELECT unnest($1::bigint[]) AS id
                 UNION
                 SELECT active.id FROM unnest($2::bigint[]) AS owner (id),
                     LATERAL (SELECT id FROM subscriptions
                              WHERE user_id = owner.id AND status = 'active' LIMIT 1) AS active
                ) AS wanted,
                LATERAL (SELECT * FROM subscriptions WHERE subscriptions.id = wanted.id
                         LIMIT 1 FOR NO KEY UPDATE) AS s"#,
        &ids,
        users,
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

/// Reads the clock, looks for `jobs` in the ledger, and draws ids. Call it when the locks are held:
/// the transaction's own start may lie before what others committed while it waited.
pub async fn draw(
    tx: &mut PgConnection,
    jobs: &[Uuid],
    wanted: Wanted,
) -> Result<Drawn, StoreError> {
    let drawn = sqlx::query_as!(
        Drawn,
        r#"SELECT
             clock_timestamp() AS "now!",
             ARRAY(SELECT job_id FROM transactions WHERE job_id = ANY($1)) AS "decided!",
             ARRAY(SELECT nextval('users_id_seq') FROM generate_series(1, $2)) AS "users!",
             ARRAY(SELECT nextval('subscriptions_id_seq') FROM generate_series(1, $3))
               AS "subscriptions!",
             ARRAY(SELECT nextval('gifts_id_seq') FROM generate_series(1, $4)) AS "gifts!""#,
        jobs,
        wanted.users,
        wanted.subscriptions,
        wanted.gifts,
    )
    .fetch_one(tx)
    .await?;
    Ok(drawn)
}
