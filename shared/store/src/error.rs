//! The errors of Postgres, sorted by what the caller should do about them.

use sqlx::migrate::MigrateError;

/// A failed use of Postgres.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres cannot be reached or is shutting down. The caller waits and tries the same again.
    #[error("Postgres cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// Another transaction was in the way. The caller tries the same again at once.
    #[error("another transaction was in the way")]
    Conflict(#[source] sqlx::Error),
    /// Postgres refused the statement. To try the same again is unlikely to help.
    #[error("Postgres refused")]
    Refused(#[source] sqlx::Error),
    /// A row has a value that the code does not know.
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
    /// There is no key that may sign jobs. Migrations make one, so somebody has removed it.
    #[error("the table job_keys has no key that may sign: run `worker secrets rotate`")]
    NoJobKey,
    /// The migrations cannot be applied.
    #[error("the migrations cannot be applied")]
    Migration(#[source] MigrateError),
}

impl StoreError {
    /// The class of the error, which may be shown to clients. It has no text from the server.
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

/// Whether the code means that Postgres cannot be used now: a connection exception, shutdown of the
/// server or of this backend, too many connections, a read-only standby after a failover, no disk
/// or memory, or a statement that did not end in time. Our statements do a bounded amount of work,
/// so a slow one means that Postgres is slow.
fn is_unavailable(code: &str) -> bool {
    code.starts_with("08")
        || code.starts_with("53")
        || matches!(code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25006" | "57014")
}

/// Whether the code means that another transaction was in the way: a serialization failure, a
/// deadlock, a lock timeout, or a unique value that another transaction wrote between our read and
/// our write.
fn is_conflict(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03" | "23505")
}
