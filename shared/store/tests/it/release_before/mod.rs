//! Release 0.2.0 as Postgres sees it: its schema, and the statements of its batches and sweeps.

mod batch;

use domain::Instant;
use serde::Deserialize;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction, query_scalar, raw_sql};
use std::str::FromStr;
use support::Database;
use uuid::Uuid;

pub(crate) use batch::Written;

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// The last migration of the release.
const LAST_MIGRATION: i64 = 20_261_128_180_000;

/// What `load_batch` of the release returns of what its batches here use.
#[derive(Deserialize)]
struct Loaded {
    new_users: Vec<i64>,
    new_gifts: Vec<i64>,
    new_subscriptions: Vec<i64>,
    now: Instant,
}

/// A process of the release. Its sessions have no name.
#[derive(Clone)]
pub(crate) struct ReleaseBefore(PgPool);

impl ReleaseBefore {
    /// Connects, and applies the migrations of the release.
    pub(crate) async fn start(database: &Database) -> Self {
        let options = PgConnectOptions::from_str(&database.url()).unwrap();
        let pool = PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap();
        MIGRATOR.run_to(LAST_MIGRATION, &pool).await.unwrap();
        Self(pool)
    }

    /// Ends all its sessions.
    pub(crate) async fn stop(self) {
        self.0.close().await;
    }

    /// One batch, as a worker of the release makes it: users, subscriptions and gifts are made, and
    /// those of the batch before change their state. Returns what it made.
    pub(crate) async fn batch(
        &self,
        name: &str,
        before: Option<&Written>,
    ) -> Result<Written, sqlx::Error> {
        let mut tx = self.0.begin().await?;
        let ids = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
        let call = format!(
            "SELECT load_batch('{{{}}}'::bigint[], '{{{}}}'::bigint[], '{{{}}}'::bigint[],
                               '{{{}}}'::uuid[], 1, 1, 1)::text",
            ids(before.map(|before| before.user)),
            ids(before.map(|before| before.gift)),
            ids(before.map(|before| before.subscription)),
            Uuid::new_v4(),
        );
        let loaded: String = query_scalar(AssertSqlSafe(call)).fetch_one(&mut *tx).await?;
        let loaded: Loaded = serde_json::from_str(&loaded).unwrap();
        let written = Written::new(name, &loaded, before);
        written.write(&mut tx, before).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// A step of both sweeps of the release.
    pub(crate) async fn sweep(&self) -> Result<(), sqlx::Error> {
        let mut tx = self.0.begin().await?;
        let subscriptions: Vec<i64> = query_scalar(
            "WITH due AS (
               SELECT id FROM subscriptions WHERE status = 'active' AND end_date <= now()
               ORDER BY end_date, id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
             )
             UPDATE subscriptions s SET status = 'expired', updated_at = now()
             WHERE id = ANY(ARRAY(SELECT id FROM due))
             RETURNING id",
        )
        .bind(10_i64)
        .fetch_all(&mut *tx)
        .await?;
        log(&mut tx, "subscription", &subscriptions).await?;
        tx.commit().await?;

        let mut tx = self.0.begin().await?;
        let gifts: Vec<i64> = query_scalar(
            "WITH due AS (
               SELECT id FROM gifts WHERE status = 'pending' AND expires_at <= now()
               ORDER BY expires_at, id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
             )
             UPDATE gifts g SET status = 'expired'
             WHERE id = ANY(ARRAY(SELECT id FROM due))
             RETURNING id",
        )
        .bind(10_i64)
        .fetch_all(&mut *tx)
        .await?;
        log(&mut tx, "gift", &gifts).await?;
        tx.commit().await
    }

    /// Rows of every state of the release, many of each.
    pub(crate) async fn fill(&self) {
        raw_sql(include_str!("rows.sql")).execute(&self.0).await.unwrap();
    }
}

/// The entries of a sweep in the command log.
async fn log(
    tx: &mut Transaction<'_, Postgres>,
    noun: &str,
    entities: &[i64],
) -> Result<(), sqlx::Error> {
    let entries = entities.iter().map(|entity| batch::Entry {
        job: Uuid::new_v4(),
        client: 1,
        // A batch here may make a row due again that was marked.
        key: format!("expire:{noun}:{entity}:{}", Uuid::new_v4()),
        operation: if noun == "gift" { "expire_gift" } else { "expire_subscription" },
        entity: *entity,
        at: Instant::default(),
    });
    Written::default().write_entries(tx, entries.collect()).await
}
