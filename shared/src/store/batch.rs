//! The transaction of a batch: it begins with all that the batch is decided with, in one round trip.

use super::ledger::{self, Entry};
use super::line::Line;
use super::world::{self, Drawn, Wanted};
use super::{StoreError, changes};
use crate::domain::world::{Changes, Footprint};
use crate::domain::{JobId, World};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, raw_sql};
use std::collections::HashMap;
use uuid::Uuid;

/// A transaction that has begun. One that is dropped before its commit ends with its connection.
pub struct Batch {
    line: Line,
    /// `None` from the commit on.
    connection: Option<PoolConnection<Postgres>>,
}

impl Batch {
    /// Begins a transaction, and loads and locks in it what `footprint` names ([`world::load`]).
    pub async fn begin(
        line: &Line,
        footprint: &Footprint,
        jobs: &[Uuid],
        wanted: Wanted,
    ) -> Result<(Self, World, Drawn), StoreError> {
        let connection = line.take().await?;
        let mut batch = Self { line: line.clone(), connection: Some(connection) };
        let connection = batch.connection()?;
        let (world, drawn) =
            world::load_with("BEGIN;", connection, footprint, jobs, wanted).await?;
        Ok((batch, world, drawn))
    }

    /// The ledger's rows of jobs that have been decided.
    pub async fn find(&mut self, jobs: &[Uuid]) -> Result<HashMap<JobId, Entry>, StoreError> {
        ledger::find(self.connection()?, jobs).await
    }

    /// Writes what was decided, and commits it.
    pub async fn commit(mut self, changes: &Changes, entries: &[Entry]) -> Result<(), StoreError> {
        changes::write(self.connection()?, changes, entries).await?;
        raw_sql("COMMIT").execute(self.connection()?).await?;
        if let Some(connection) = self.connection.take() {
            self.line.keep(connection);
        }
        Ok(())
    }

    fn connection(&mut self) -> Result<&mut PgConnection, StoreError> {
        let connection = self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        Ok(connection)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.close_on_drop();
        }
    }
}
