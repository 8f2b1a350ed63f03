//! The errors of Postgres, sorted by what the caller should do about them.

use sqlx::migrate::MigrateError;
use std::io;

/// A failed use of Postgres.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres cannot be used now, by anybody. The caller waits and tries the same again.
    #[error("Postgres cannot be reached")]
    Unavailable(#[source] sqlx::Error),
    /// Another transaction holds a row or a table for longer than we wait. The caller sets those
    /// aside that need it.
    #[error("another transaction holds a lock")]
    Locked(#[source] sqlx::Error),
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
    /// Another worker has claimed the effect in whose course something was to be written.
    #[error("another worker has taken the effect over")]
    ClaimLost,
    /// There is no key that may sign jobs. Migrations make one, so somebody has removed it.
    #[error("the table job_keys has no key that may sign: run `worker secrets rotate`")]
    NoJobKey,
    /// The migrations cannot be applied.
    #[error("the migrations cannot be applied")]
    Migration(#[source] MigrateError),
    /// Postgres is not set up as we need it. The text says what to do.
    #[error("{0}")]
    Setup(String),
}

impl StoreError {
    /// The error of a connection on which no answer came.
    pub(crate) fn silent() -> Self {
        let silent = io::Error::new(io::ErrorKind::TimedOut, "Postgres did not answer in time");
        Self::Unavailable(sqlx::Error::Io(silent))
    }

    /// Whether the session lacks a statement that it had prepared, or has one that it had not: a
    /// pooler gives each transaction another session.
    pub(crate) fn is_of_another_session(&self) -> bool {
        let Self::Unavailable(error) = self else { return false };
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        matches!(code.as_deref(), Some("26000" | "42P05"))
    }

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

    /// Whether the same may succeed a little later: Postgres is away, or others are in the way.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Locked(_) | Self::Conflict(_))
    }

    /// Whether it is an outage that may end while a process waits at its start: Postgres is not
    /// there yet, or starts. Others need somebody to mend something.
    #[must_use]
    pub fn may_pass_soon(&self) -> bool {
        match self {
            Self::Unavailable(sqlx::Error::Io(error)) => error.kind() != io::ErrorKind::InvalidData,
            Self::Unavailable(sqlx::Error::Database(error)) => {
                let code = error.code();
                matches!(code.as_deref(), Some("53300" | "57P01" | "57P02" | "57P03"))
            }
            Self::Unavailable(error) => matches!(error, sqlx::Error::PoolTimedOut),
            _ => false,
        }
    }

    /// Whether Postgres said that the role lacks a right.
    pub(crate) fn is_missing_right(&self) -> bool {
        const CODE: Option<&str> = Some("42501");
        match self {
            Self::Unavailable(sqlx::Error::Database(error)) => error.code().as_deref() == CODE,
            _ => false,
        }
    }
}

/// What the function `write_progress` raises.
const CLAIM_LOST: &str = "CL001";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("55P03") => Self::Locked(error),
                Some(CLAIM_LOST) => Self::ClaimLost,
                Some(code) if is_conflict(code) => Self::Conflict(error),
                Some(code) if is_unavailable(code) => Self::Unavailable(error),
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

/// The classes of codes that mean that Postgres cannot be used now, whatever the command: what it
/// refuses to one it refuses to all. Our statements are fixed and do a bounded amount of work, so
/// that no command can be the cause.
const UNAVAILABLE: [&str; 14] = [
    "08",    // connection exceptions
    "0A", // a cached plan does not fit a table that was changed: another connection makes a new one
    "25", // a read-only standby after a failover, a transaction that was idle for too long
    "26", // a prepared statement that the session does not know: a pooler changed it
    "28", // the role may not log in
    "3D", // the database is not there
    "3F", // the schema is not there
    "40003", // nobody knows whether the statement was completed
    "42", // a table, column or function is not there, as during a restore, or a right is missing
    "53", // no disk, memory or connection
    "55", // the database takes no connections; an object is not in the needed state
    "57", // shutdown, crash recovery, a statement that was cancelled or took too long
    "58", // errors of the system below Postgres
    "F0", // errors of its configuration
];

fn is_unavailable(code: &str) -> bool {
    UNAVAILABLE.iter().any(|class| code.starts_with(class))
}

/// Whether the code means that another transaction was in the way: a serialization failure, a
/// deadlock, or a unique value that another transaction wrote between our read and our write.
fn is_conflict(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "23505")
}
