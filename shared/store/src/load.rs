//! Loads and locks the rows that a batch of commands touches.

use crate::StoreError;
use crate::rows::{GiftRow, SubscriptionRow, UserRow};
use domain::{Change, Instant, JobId, Needs, NewIds, WorkingSet};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, PgConnection, raw_sql};
use std::fmt::Display;
use uuid::Uuid;

/// The inputs of the decisions of a batch, beside the rows that it touches.
#[derive(Debug)]
pub struct BatchContext {
    /// The time by Postgres's clock, read while the locks are held.
    pub now: Instant,
    /// The jobs that are in the command log already. There are seldom any.
    pub decided: Vec<JobId>,
    /// The new ids, as many as the batch needs.
    pub new_ids: NewIds,
}

/// Begins a transaction, and loads the rows that `needs` names, locked until the transaction ends.
/// Also returns the time, the jobs that are in the command log, and new ids.
pub(crate) async fn begin_and_load(
    connection: &mut PgConnection,
    needs: &Needs,
    jobs: &[JobId],
) -> Result<(WorkingSet, BatchContext), StoreError> {
    let mut users: Vec<i64> = needs.users.iter().map(|(_, id)| id.get()).collect();
    if !needs.emails.is_empty() {
        users.extend(users_of_emails(connection, needs).await?);
    }
    let call = format!(
        "BEGIN; SELECT load_batch({}, {}, {}, {}, {}, {}, {})::text",
        array(&users, "bigint"),
        array(needs.gifts.iter().map(|(_, id)| id.get()), "bigint"),
        array(needs.subscriptions.iter().map(|(_, id)| id.get()), "bigint"),
        array(jobs, "uuid"),
        needs.new_ids.users,
        needs.new_ids.gifts,
        needs.new_ids.subscriptions,
    );
    // Several statements in one round trip cannot have parameters. These are numbers and UUIDs, so
    // they may be written into the text.
    let row = raw_sql(AssertSqlSafe(call)).fetch_one(connection).await?;
    let loaded: String = sqlx::Row::try_get(&row, 0)?;
    let loaded: Loaded =
        serde_json::from_str(&loaded).map_err(|error| sqlx::Error::Decode(error.into()))?;
    loaded.into_parts()
}

fn array<T: Display>(values: impl IntoIterator<Item = T>, of: &str) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    format!("'{{{}}}'::{of}[]", values.join(","))
}

/// The JSON that `load_batch` returns.
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
    fn into_parts(self) -> Result<(WorkingSet, BatchContext), StoreError> {
        let mut working_set = WorkingSet::default();
        for user in self.users.into_iter().flatten() {
            working_set.apply(Change::User(user.try_into()?));
        }
        for gift in self.gifts.into_iter().flatten() {
            working_set.apply(Change::Gift(gift.try_into()?));
        }
        for subscription in self.subscriptions.into_iter().flatten() {
            working_set.apply(Change::Subscription(subscription.try_into()?));
        }
        let context = BatchContext {
            now: self.now,
            decided: self.decided.into_iter().map(JobId::new).collect(),
            new_ids: NewIds::new(self.new_users, self.new_gifts, self.new_subscriptions),
        };
        Ok((working_set, context))
    }
}

/// The ids of users that are needed by email. Users never change their email and are never deleted,
/// so they may be looked up before the locks are held.
async fn users_of_emails(
    connection: &mut PgConnection,
    needs: &Needs,
) -> Result<Vec<i64>, StoreError> {
    let (clients, emails): (Vec<i64>, Vec<String>) =
        needs.emails.iter().map(|(client, email)| (client.get(), email.clone())).unzip();
    // LIMIT makes Postgres look each pair up by itself, whatever the sizes of the tables.
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
