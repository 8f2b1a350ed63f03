//! The transaction of a batch: it begins and loads in one round trip, then writes and commits.

use crate::load::{self, BatchContext, Load};
use crate::{Database, StoreError, changes};
use domain::{Changes, ClientId, JobId, LogEntry, Needs, WorkingSet};
use sqlx::pool::PoolConnection;
use sqlx::{Postgres, raw_sql};
use std::ops::{Deref, DerefMut};

/// A transaction that has begun. If it is dropped before its commit, its connection is closed and
/// Postgres rolls it back.
pub struct Batch {
    database: Database,
    connection: ClosedUnlessKept,
}

impl Batch {
    /// Begins a transaction, loads and locks the rows that `needs` names, and returns which of
    /// `jobs` are decided already. The function `load_batch` of Postgres does this and has the lock
    /// order.
    #[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
    pub async fn begin(
        database: &Database,
        needs: &Needs,
        jobs: &[(ClientId, JobId)],
    ) -> Result<(Self, WorkingSet, BatchContext), StoreError> {
        Self::begin_and_load(database, Load::Batch, needs, jobs).await
    }

    /// Begins a transaction, and loads and locks the subscriptions and gifts that `needs` names by
    /// id, and nothing else. It never waits for a lock: rows that another transaction has locked
    /// are not in the working set. The function `load_unlocked` of Postgres does this.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn begin_skip_locked(
        database: &Database,
        needs: &Needs,
    ) -> Result<(Self, WorkingSet, BatchContext), StoreError> {
        Self::begin_and_load(database, Load::Unlocked, needs, &[]).await
    }

    async fn begin_and_load(
        database: &Database,
        load: Load,
        needs: &Needs,
        jobs: &[(ClientId, JobId)],
    ) -> Result<(Self, WorkingSet, BatchContext), StoreError> {
        let mut connection = ClosedUnlessKept::new(database.take().await?);
        let loaded = load::begin_and_load(&mut connection, load, needs, jobs).await;
        let (working_set, context) = database.noting_outages(loaded)?;
        Ok((Self { database: database.clone(), connection }, working_set, context))
    }

    /// Writes the changes and the entries, and commits them.
    #[tracing::instrument(level = "debug", skip_all, fields(entries = entries.len()))]
    pub async fn commit(
        mut self,
        changes: &Changes,
        entries: &[LogEntry],
    ) -> Result<(), StoreError> {
        let written = self.write_and_commit(changes, entries).await;
        self.database.noting_outages(written)?;
        self.database.keep(self.connection.keep());
        Ok(())
    }

    async fn write_and_commit(
        &mut self,
        changes: &Changes,
        entries: &[LogEntry],
    ) -> Result<(), StoreError> {
        changes::write(&mut self.connection, changes, entries).await?;
        raw_sql("COMMIT").execute(&mut **self.connection).await?;
        Ok(())
    }
}

/// A connection that is closed when it is dropped, because it may be in a failed transaction.
struct ClosedUnlessKept(Option<PoolConnection<Postgres>>);

const UNTIL_KEPT: &str = "the connection leaves by `keep` only, which takes the whole value";

#[expect(clippy::expect_used, reason = "see UNTIL_KEPT")]
impl ClosedUnlessKept {
    const fn new(connection: PoolConnection<Postgres>) -> Self {
        Self(Some(connection))
    }

    fn keep(mut self) -> PoolConnection<Postgres> {
        self.0.take().expect(UNTIL_KEPT)
    }
}

#[expect(clippy::expect_used, reason = "see UNTIL_KEPT")]
impl Deref for ClosedUnlessKept {
    type Target = PoolConnection<Postgres>;

    fn deref(&self) -> &Self::Target {
        self.0.as_ref().expect(UNTIL_KEPT)
    }
}

#[expect(clippy::expect_used, reason = "see UNTIL_KEPT")]
impl DerefMut for ClosedUnlessKept {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.0.as_mut().expect(UNTIL_KEPT)
    }
}

impl Drop for ClosedUnlessKept {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }
}
