//! What a batch of release 0.2.0 writes.

use super::Loaded;
use chrono::TimeDelta;
use domain::Instant;
use sqlx::{AssertSqlSafe, Postgres, Transaction};
use uuid::Uuid;

/// The rows that a batch made, by their ids: one of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Written {
    pub(crate) user: i64,
    pub(crate) subscription: i64,
    pub(crate) gift: i64,
    client: i64,
    email: String,
    at: Instant,
}

/// An entry of the command log.
pub(super) struct Entry {
    pub(super) job: Uuid,
    pub(super) client: i64,
    pub(super) key: String,
    pub(super) operation: &'static str,
    pub(super) entity: i64,
    pub(super) at: Instant,
}

/// A subscription or a gift, new or changed: its id, its user, its status, the instant at which it
/// was cancelled or redeemed.
type State = (i64, i64, &'static str, Option<Instant>);

impl Written {
    pub(super) fn new(name: &str, loaded: &Loaded, before: Option<&Self>) -> Self {
        Self {
            user: loaded.new_users[0],
            subscription: loaded.new_subscriptions[0],
            gift: loaded.new_gifts[0],
            client: if before.is_some_and(|before| before.client == 2) { 100 } else { 2 },
            email: format!("{name}@old.org"),
            at: loaded.now,
        }
    }

    /// Writes the new rows, and the rows of the batch before in another state.
    pub(super) async fn write(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        before: Option<&Self>,
    ) -> Result<(), sqlx::Error> {
        let mut subscriptions = vec![(self.subscription, self.user, "active", None)];
        let mut gifts = vec![(self.gift, self.user, "pending", None)];
        let mut grants = vec![(self.subscription, "purchase", None)];
        if let Some(before) = before {
            let at = Some(self.at);
            let (subscription, gift) = match before.user % 3 {
                0 => (("cancelled", at), ("redeemed", at)),
                1 => (("expired", None), ("expired", None)),
                _ => (("active", None), ("pending", None)),
            };
            if gift.0 == "redeemed" {
                grants.push((before.subscription, "gift", Some(before.gift)));
            }
            subscriptions
                .insert(0, (before.subscription, before.user, subscription.0, subscription.1));
            gifts.push((before.gift, before.user, gift.0, gift.1));
        }
        let entry = Entry {
            job: Uuid::new_v4(),
            client: self.client,
            key: self.email.clone(),
            operation: "subscribe",
            entity: self.subscription,
            at: self.at,
        };
        self.write_all(tx, &[self.user], &subscriptions, &gifts, &grants, vec![entry]).await
    }

    /// Writes entries only, as a sweep does.
    pub(super) async fn write_entries(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        entries: Vec<Entry>,
    ) -> Result<(), sqlx::Error> {
        self.write_all(tx, &[], &[], &[], &[], entries).await
    }

    async fn write_all(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        users: &[i64],
        subscriptions: &[State],
        gifts: &[State],
        grants: &[(i64, &'static str, Option<i64>)],
        entries: Vec<Entry>,
    ) -> Result<(), sqlx::Error> {
        // Some of what is made is past its end at once, for the sweeps.
        let end = if self.user % 2 == 0 { self.at } else { self.at + TimeDelta::days(30) };
        let start = self.at - TimeDelta::days(1);
        sqlx::query(AssertSqlSafe(include_str!("write.sql")))
            .bind(users)
            .bind(all(users, |_| self.client))
            .bind(all(users, |_| self.email.clone()))
            .bind(all(users, |_| self.at))
            .bind(all(subscriptions, |s| s.0))
            .bind(all(subscriptions, |s| s.1))
            .bind(all(subscriptions, |_| "monthly"))
            .bind(all(subscriptions, |s| s.2))
            .bind(all(subscriptions, |_| 1))
            .bind(all(subscriptions, |_| start))
            .bind(all(subscriptions, |_| end))
            .bind(all(subscriptions, |s| s.3))
            .bind(all(subscriptions, |_| start))
            .bind(all(subscriptions, |_| self.at))
            .bind(all(gifts, |g| g.0))
            .bind(all(gifts, |g| g.1))
            .bind(all(gifts, |_| "bea@a.org"))
            .bind(all(gifts, |g| g.3.map(|_| g.1)))
            .bind(all(gifts, |g| g.2))
            .bind(all(gifts, |_| 1))
            .bind(all(gifts, |_| end))
            .bind(all(gifts, |g| g.3))
            .bind(all(gifts, |_| start))
            .bind(all(grants, |g| g.0))
            .bind(all(grants, |g| g.1))
            .bind(all(grants, |_| 1))
            .bind(all(grants, |g| g.2))
            .bind(all(grants, |_| Uuid::new_v4()))
            .bind(all(grants, |_| self.at))
            .bind(all(&entries, |e| e.job))
            .bind(all(&entries, |e| e.client))
            .bind(all(&entries, |e| e.key.clone()))
            .bind(all(&entries, |_| vec![7_u8; 32]))
            .bind(all(&entries, |e| e.operation))
            .bind(all(&entries, |e| Some(e.entity)))
            .bind(all(&entries, |_| 201_i16))
            .bind(all(&entries, |_| "{}"))
            .bind(all(&entries, |_| 1))
            .bind(all(&entries, |e| e.at))
            .bind(all(&entries, |e| e.at))
            .execute(&mut **tx)
            .await
            .map(drop)
    }
}

/// One column of all rows.
fn all<Row, Value>(rows: &[Row], column: impl FnMut(&Row) -> Value) -> Vec<Value> {
    rows.iter().map(column).collect()
}
