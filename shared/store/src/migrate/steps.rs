//! The steps between two migrations: statements that cannot be part of a migration, because each
//! needs a transaction of its own.

use super::{PAUSE, drop_invalid_indexes};
use crate::StoreError;
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};
use tokio::time::sleep;

/// The line before each step, with its name.
const MARK: &str = "-- step: ";

/// Statements, in the order in which they run. Each does nothing when it is done already.
pub(super) struct Steps(&'static str);

impl Steps {
    /// Fills the columns of old rows and builds the keys.
    pub(super) const FILL: Self = Self(include_str!("fill.sql"));
    /// Proves to Postgres that no row is left without its columns.
    pub(super) const PROVE: Self = Self(include_str!("prove.sql"));

    /// Runs all steps.
    pub(super) async fn run(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        drop_invalid_indexes(connection).await?;
        for step in self.0.split(MARK).skip(1) {
            let (name, statement) = step.split_once('\n').unwrap_or((step, ""));
            self::run(connection, name, statement).await?;
        }
        Ok(())
    }
}

/// Runs a step, and again while it says that rows are left, or that a table is in use.
async fn run(
    connection: &mut PgConnection,
    name: &str,
    statement: &'static str,
) -> Result<(), StoreError> {
    let mut rows = 0;
    loop {
        let ran = raw_sql(AssertSqlSafe(statement)).fetch_optional(&mut *connection).await;
        match ran.map_err(StoreError::from) {
            Ok(None) => return Ok(()),
            Ok(Some(progress)) => {
                let filled: i64 = progress.try_get(0)?;
                rows += filled;
                if !progress.try_get::<bool, _>(1)? {
                    return Ok(());
                }
                tracing::info!(step = name, rows, "filling");
                if filled == 0 {
                    // Those that are left are locked.
                    sleep(PAUSE).await;
                }
            }
            Err(StoreError::Conflict(error) | StoreError::Locked(error)) => {
                tracing::info!(step = name, %error, "a table is in use; trying again");
                sleep(PAUSE).await;
                // The step may have left one behind, and would take it for done.
                drop_invalid_indexes(connection).await?;
            }
            Err(error) => return Err(error),
        }
    }
}
