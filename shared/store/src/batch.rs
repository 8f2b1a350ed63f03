//! The transaction of a batch: it begins and loads in one round trip, then writes and commits.

use crate::beside::{self, Beside};
use crate::connections::InUse;
use crate::due::find_next_instant;
use crate::load::{self, BatchContext, Load};
use crate::watch::Watch;
use crate::{Database, StoreError, changes};
use domain::{Changes, ClientId, Instant, JobId, LogEntry, Needs, WorkingSet};
use sqlx::raw_sql;

/// A transaction that has begun. If it is dropped before its commit, its connection is closed and
/// Postgres rolls it back.
pub struct Batch {
    database: Database,
    used: InUse,
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

    /// The earliest instant, up to `until`, at which something of that test client is due. It holds
    /// until the end of the transaction if the clock of the client was locked to be moved.
    pub async fn next_instant(
        &mut self,
        client: ClientId,
        until: Instant,
    ) -> Result<Option<Instant>, StoreError> {
        let found = find_next_instant(&mut self.used.connection, client, until).await;
        self.database.note(found)
    }

    async fn begin_and_load(
        database: &Database,
        load: Load,
        needs: &Needs,
        jobs: &[(ClientId, JobId)],
    ) -> Result<(Self, WorkingSet, BatchContext), StoreError> {
        let _watch = Watch::begin("loading a batch");
        let mut used = database.take().await?;
        let begin = database.begin();
        let loaded = load::begin_and_load(&mut used.connection, begin, load, needs, jobs).await;
        match database.note(loaded) {
            Ok((working_set, context)) => {
                Ok((Self { database: database.clone(), used }, working_set, context))
            }
            // The next batch would have to wait for a new connection.
            Err(locked @ StoreError::Locked(_)) => {
                if raw_sql("ROLLBACK").execute(&mut used.connection).await.is_ok() {
                    database.keep(used);
                }
                Err(locked)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the changes and the entries, and commits them.
    pub async fn commit(self, changes: &Changes, entries: &[LogEntry]) -> Result<(), StoreError> {
        self.commit_beside(changes, entries, &Beside::default()).await.map(drop)
    }

    /// Writes the changes, the entries and what belongs to effects, and commits them. Returns the
    /// entries of the jobs that were answered by it: one that had its answer keeps it.
    #[tracing::instrument(level = "debug", skip_all, fields(entries = entries.len()))]
    pub async fn commit_beside(
        mut self,
        changes: &Changes,
        entries: &[LogEntry],
        beside: &Beside<'_>,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let written = self.write_and_commit(changes, entries, beside).await;
        let settled = self.database.note(written)?;
        self.database.keep(self.used);
        Ok(settled)
    }

    async fn write_and_commit(
        &mut self,
        changes: &Changes,
        entries: &[LogEntry],
        beside: &Beside<'_>,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let _watch = Watch::begin("committing a batch");
        let connection = &mut self.used.connection;
        // First, so that who has lost the effect does not wait for who has it.
        beside::write_progress(connection, beside).await?;
        changes::write(connection, changes, entries).await?;
        let settled = beside::write(connection, beside).await?;
        raw_sql("COMMIT").execute(connection).await?;
        Ok(settled)
    }
}
