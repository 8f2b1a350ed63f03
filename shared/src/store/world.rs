//! Loading and locking what a batch of commands touches.

use super::StoreError;
use super::rows::{GiftRow, SubscriptionRow, UserRow};
use crate::domain::world::{Change, Footprint};
use crate::domain::{Instant, World};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, PgConnection, raw_sql};
use std::fmt::Display;
use uuid::Uuid;

/// How many new ids of each kind a batch may need.
#[derive(Debug, Default, Clone, Copy)]
pub struct Wanted {
    /// New users.
    pub users: i32,
    /// New gifts.
    pub gifts: i32,
    /// New subscriptions.
    pub subscriptions: i32,
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
    /// Ids for new gifts.
    pub gifts: Vec<i64>,
    /// Ids for new subscriptions.
    pub subscriptions: Vec<i64>,
}

/// Loads what `footprint` names, and locks it until the transaction ends. With it come the clock, what
/// the ledger has of `jobs`, and new ids: all that a batch is decided with. What is locked in which
/// order, and why, is in the function of Postgres that does it: `load_batch`.
pub async fn load(
    tx: &mut PgConnection,
    footprint: &Footprint,
    jobs: &[Uuid],
    wanted: Wanted,
) -> Result<(World, Drawn), StoreError> {
    load_with("", tx, footprint, jobs, wanted).await
}

/// The same, with statements that go before it in the same round trip.
pub(super) async fn load_with(
    before: &'static str,
    tx: &mut PgConnection,
    footprint: &Footprint,
    jobs: &[Uuid],
    wanted: Wanted,
) -> Result<(World, Drawn), StoreError> {
    let mut users: Vec<i64> = footprint.users.iter().map(|id| id.0).collect();
    if !footprint.emails.is_empty() {
        users.extend(users_of_emails(tx, footprint).await?);
    }
    let call = format!(
        "{before} SELECT load_batch({}, {}, {}, {}, {}, {}, {})::text",
        array(&users, "bigint"),
        array(footprint.gifts.iter().map(|id| id.0), "bigint"),
        array(footprint.subscriptions.iter().map(|id| id.0), "bigint"),
        array(jobs, "uuid"),
        wanted.users,
        wanted.gifts,
        wanted.subscriptions,
    );
    // Statements of one round trip can have no parameters. These are numbers and UUIDs.
    let row = raw_sql(AssertSqlSafe(call)).fetch_one(tx).await?;
    let loaded: String = sqlx::Row::try_get(&row, 0)?;
    let loaded: Loaded =
        serde_json::from_str(&loaded).map_err(|error| sqlx::Error::Decode(error.into()))?;
    loaded.into_parts()
}

fn array<T: Display>(values: impl IntoIterator<Item = T>, of: &str) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    format!("'{{{}}}'::{of}[]", values.join(","))
}

/// What `load_batch` returns.
#[derive(Deserialize)]
struct Loaded {
    users: Option<Vec<UserRow>>,
    gifts: Option<Vec<GiftRow>>,
    subscriptions: Option<Vec<SubscriptionRow>>,
    decided: Vec<Uuid>,
    new_users: Vec<i64>,
    new_gifts: Vec<i64>,
    new_subscriptions: Vec<i64>,
    now: Instant,
}

impl Loaded {
    fn into_parts(self) -> Result<(World, Drawn), StoreError> {
        let mut world = World::default();
        for user in self.users.into_iter().flatten() {
            world.apply(Change::User(user.try_into()?));
        }
        for gift in self.gifts.into_iter().flatten() {
            world.apply(Change::Gift(gift.try_into()?));
        }
        for subscription in self.subscriptions.into_iter().flatten() {
            world.apply(Change::Subscription(subscription.try_into()?));
        }
        let drawn = Drawn {
            now: self.now,
            decided: self.decided,
            users: self.new_users,
            gifts: self.new_gifts,
            subscriptions: self.new_subscriptions,
        };
        Ok((world, drawn))
    }
}

/// A user does not change its email, or go: it may be looked up before the lock is held.
async fn users_of_emails(
    connection: &mut PgConnection,
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
    .fetch_all(connection)
    .await?;
    Ok(found)
}
