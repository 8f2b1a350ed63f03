//! Loading and locking what a batch of commands touches.

use super::StoreError;
use super::rows::{GiftRow, SubscriptionRow, UserRow};
use crate::domain::world::{Change, Footprint};
use crate::domain::{Instant, World};
use sqlx::PgConnection;

/// Loads what `footprint` names, and locks it until the transaction ends.
///
/// Lock order: users, subscriptions, gifts; ids ascending in each. The user row is the mutex of its
/// subscriptions: it is locked before they are looked at, so that they are seen as the last holder
/// left them. `NO KEY` leaves the foreign keys of others alone.
pub async fn load(tx: &mut PgConnection, footprint: &Footprint) -> Result<World, StoreError> {
    let mut world = World::default();
    let users = lock_users(tx, footprint).await?;
    let user_ids: Vec<i64> = users.iter().map(|user| user.id).collect();
    for user in users {
        world.apply(Change::User(user.try_into()?));
    }
    if !user_ids.is_empty() {
        for subscription in lock_subscriptions(tx, footprint, &user_ids).await? {
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

/// The users named by id or email, and those of the subscriptions named. A subscription never
/// changes its user, so that one may be looked up before the lock is held.
async fn lock_users(
    tx: &mut PgConnection,
    footprint: &Footprint,
) -> Result<Vec<UserRow>, StoreError> {
    let ids: Vec<i64> = footprint.users.iter().map(|id| id.0).collect();
    let subscriptions: Vec<i64> = footprint.subscriptions.iter().map(|id| id.0).collect();
    let (clients, emails): (Vec<i64>, Vec<String>) =
        footprint.emails.iter().map(|(client, email)| (client.0, email.clone())).unzip();
    let rows = sqlx::query_as!(
        UserRow,
        r#"SELECT id, client_id, email, created_at FROM users
           WHERE id IN (
               SELECT unnest($1::bigint[])
               UNION
               SELECT s.user_id FROM subscriptions s WHERE s.id = ANY($2::bigint[])
               UNION
               SELECT u.id FROM unnest($3::bigint[], $4::text[]) AS wanted (client_id, email)
               JOIN users u ON u.client_id = wanted.client_id
                           AND lower(u.email COLLATE "C") = wanted.email COLLATE "C"
           )
           ORDER BY id FOR NO KEY UPDATE"#,
        &ids,
        &subscriptions,
        &clients,
        &emails,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows)
}

/// The active subscriptions of the users, and those named by id.
async fn lock_subscriptions(
    tx: &mut PgConnection,
    footprint: &Footprint,
    users: &[i64],
) -> Result<Vec<SubscriptionRow>, StoreError> {
    let ids: Vec<i64> = footprint.subscriptions.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        SubscriptionRow,
        r#"SELECT s.id, s.user_id, u.client_id, s.plan, s.status, s.months, s.start_date,
                  s.end_date, s.cancelled_at, s.created_at, s.updated_at
           FROM subscriptions s JOIN users u ON u.id = s.user_id
           WHERE s.id IN (
               SELECT unnest($1::bigint[])
               UNION
               SELECT a.id FROM subscriptions a
               WHERE a.user_id = ANY($2::bigint[]) AND a.status = 'active'
           )
           ORDER BY s.id FOR NO KEY UPDATE OF s"#,
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
        r#"SELECT g.id, g.gifter_id, u.client_id, g.recipient_email, g.recipient_id, g.status,
                  g.months, g.expires_at, g.redeemed_at, g.created_at
           FROM gifts g JOIN users u ON u.id = g.gifter_id
           WHERE g.id = ANY($1::bigint[])
           ORDER BY g.id FOR NO KEY UPDATE OF g"#,
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

/// The time and the ids that a batch is decided with.
#[derive(Debug)]
pub struct Drawn {
    /// Postgres's clock, now.
    pub now: Instant,
    /// Ids for new users.
    pub users: Vec<i64>,
    /// Ids for new subscriptions.
    pub subscriptions: Vec<i64>,
    /// Ids for new gifts.
    pub gifts: Vec<i64>,
}

/// Reads the clock and draws ids. Call it when the locks are held: the transaction's own start may
/// lie before what others committed while it waited.
pub async fn draw(tx: &mut PgConnection, wanted: Wanted) -> Result<Drawn, StoreError> {
    let drawn = sqlx::query_as!(
        Drawn,
        r#"SELECT
             clock_timestamp() AS "now!",
             ARRAY(SELECT nextval('users_id_seq') FROM generate_series(1, $1)) AS "users!",
             ARRAY(SELECT nextval('subscriptions_id_seq') FROM generate_series(1, $2))
               AS "subscriptions!",
             ARRAY(SELECT nextval('gifts_id_seq') FROM generate_series(1, $3)) AS "gifts!""#,
        wanted.users,
        wanted.subscriptions,
        wanted.gifts,
    )
    .fetch_one(tx)
    .await?;
    Ok(drawn)
}
