//! The transaction of a batch: it begins and loads in one round trip, then writes and commits in
//! another.

use crate::beside::{Beside, answered};
use crate::connections::{InUse, Lent};
use crate::due::find_next_instant;
use crate::effects::has_open_payments;
use crate::load::{self, BatchContext, Load};
use crate::statements::{run_at_once, run_by_turns};
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
    /// `jobs` are decided already. The function `load_rows` of Postgres does this and has the lock
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
    /// id, the users of those in `owners_of`, and what belongs to named payments, methods and
    /// refunds. It never waits for a lock: rows that another transaction has locked are not in the
    /// working set, nor what may not be touched without them. The function `load_unlocked` of
    /// Postgres does this.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn begin_skip_locked(
        database: &Database,
        needs: &Needs,
    ) -> Result<(Self, WorkingSet, BatchContext), StoreError> {
        Self::begin_and_load(database, Load::Unlocked, needs, &[]).await
    }

    /// Loads as [`Batch::begin`] does, but locks nothing and writes nothing: what would be decided
    /// now. The new ids are drawn and lost.
    #[tracing::instrument(level = "debug", skip_all)]
    pub async fn peek(
        database: &Database,
        needs: &Needs,
    ) -> Result<(WorkingSet, BatchContext), StoreError> {
        let look = |mut connection: Lent| async move {
            let begin = database.begin();
            let loaded =
                load::begin_and_load(&mut connection, begin, Load::Peek, needs, &[]).await?;
            raw_sql("ROLLBACK").execute(&mut *connection).await?;
            Ok(loaded)
        };
        database.read(look).await
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

    /// Whether that test client waits for a provider of payments. It holds as
    /// [`Batch::next_instant`] does.
    pub async fn has_open_payments(&mut self, client: ClientId) -> Result<bool, StoreError> {
        let found = has_open_payments(&mut self.used.connection, client).await;
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
        let mut statements = Vec::from_iter(beside.write_progress()?);
        statements.extend(changes::write(changes, entries)?);
        statements.extend(beside.write_effects()?);
        statements.extend(beside.write_answers()?);
        let keeps_statements = self.database.keeps_statements();
        let ran = if keeps_statements {
            run_at_once(&mut self.used, &statements).await
        } else {
            run_by_turns(&mut self.used, &statements).await
        };
        if keeps_statements && ran.as_ref().is_err_and(StoreError::is_of_another_session) {
            self.database.notice_pooler();
        }
        answered(&ran?)
    }
}
