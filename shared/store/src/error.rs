//! What can go wrong with Postgres, sorted by what to do about it.

use sqlx::migrate::MigrateError;

/// A failed use of Postgres.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres cannot be reached or is shutting down: wait, and try the same again.
    #[error("Postgres cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// Another transaction was in the way: try the same again at once.
    #[error("another transaction was in the way")]
    Conflict(#[source] sqlx::Error),
    /// Postgres refused what it was asked: trying the same again is unlikely to help.
    #[error("Postgres refused")]
    Refused(#[source] sqlx::Error),
    /// A row says something that the code does not know.
    #[error("row {row} of {table} has an unknown {column}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The key of the row.
        row: String,
    },
    /// A value cannot be written to its column.
    #[error("a value cannot be written to {column} of {table}")]
    Unwritable {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The migrations cannot be applied.
    #[error("the migrations cannot be applied")]
    Migration(#[source] MigrateError),
}

impl StoreError {
    /// What may be shown of it: the class of the error, without text from the server.
    #[must_use]
    pub fn public_cause(&self) -> String {
        match self {
            Self::Refused(sqlx::Error::Database(error)) => {
                format!("the database refused it ({})", error.code().unwrap_or_default())
            }
            other => other.to_string(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some(code) if is_unavailable(code) => Self::Unavailable(error),
                Some(code) if is_conflict(code) => Self::Conflict(error),
                _ => Self::Refused(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Refused(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                match Self::from(error) {
                    Self::Refused(error) => Self::Migration(MigrateError::Execute(error)),
                    transient => transient,
                }
            }
            other => Self::Migration(other),
        }
    }
}

/// Connection exceptions, shutdown of the server or of this backend, too many connections, a
/// read-only standby after a failover, out of disk or memory, and a statement that did not end in
/// time: ours are bounded in what they do, so it is Postgres that is slow.
fn is_unavailable(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("53")
        || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25006" | "57014")
}

/// Serialization failure, deadlock, lock timeout, and a unique value that somebody else wrote
/// between our look and our write.
fn is_conflict(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03" | "23505")
}
