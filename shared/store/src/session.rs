//! The settings of our sessions.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, raw_sql};

/// The longest time of a statement, in milliseconds. Every statement here takes less, also over a
/// million due rows. It is short enough for a client to get a 503 rather than no answer.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;

/// The longest wait for a lock, in milliseconds. Locks are held for one batch, that is for
/// milliseconds. A longer wait is for somebody who holds a row for long: those who need it are set
/// aside then, and nobody else waits for them.
const LOCK_TIMEOUT_MS: u32 = 200;

/// The longest wait for a lock of those who have waited before.
const LOCK_TIMEOUT_AGAIN_MS: u32 = 50;

/// The time after which Postgres ends the transaction of a process that is stopped or cannot be
/// reached, and frees its locks, in milliseconds. Ours idle only while Redis notes a batch.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 4_000;

/// The settings of the planner. Every statement here looks rows up by key, or by an index of due
/// rows, whatever the sizes of the tables. So each is planned once per connection, a plan made for
/// a small table must not scan it, and compiling a statement does not pay.
const PLANS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];

/// The isolation of transactions, whatever is the default of the role or the database. Each
/// statement has to see what was committed while the one before it waited for a lock: with a
/// snapshot from before, a table that an operator's ALTER has rewritten meanwhile looks empty.
const ISOLATION: (&str, &str) = ("default_transaction_isolation", "read committed");

/// In the literals of our statements, which are JSON, a backslash is a letter like others.
const LITERALS: (&str, &str) = ("standard_conforming_strings", "on");

/// The settings of a session. They are set by a statement when it begins, because a pooler such as
/// `PgBouncer` refuses or drops those that come with the request for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Session {
    statement_timeout_ms: u32,
    lock_timeout_ms: u32,
    idle_in_transaction_timeout_ms: u32,
    /// Whether sessions last for a transaction only, so that each one begins with the settings.
    is_of_transaction: bool,
}

impl Session {
    /// The session of all but the two below.
    pub(crate) const BOUNDED: Self = Self {
        statement_timeout_ms: STATEMENT_TIMEOUT_MS,
        lock_timeout_ms: LOCK_TIMEOUT_MS,
        idle_in_transaction_timeout_ms: IDLE_IN_TRANSACTION_TIMEOUT_MS,
        is_of_transaction: false,
    };

    /// The session of those who wait for rows that others have locked for long.
    pub(crate) const AGAIN: Self = Self { lock_timeout_ms: LOCK_TIMEOUT_AGAIN_MS, ..Self::BOUNDED };

    /// The session of migrations.
    pub(crate) const UNLIMITED: Self = Self {
        statement_timeout_ms: 0,
        lock_timeout_ms: 0,
        idle_in_transaction_timeout_ms: 0,
        is_of_transaction: false,
    };

    /// The same session behind a pooler that gives each transaction another one.
    pub(crate) const fn of_transaction(self) -> Self {
        Self { is_of_transaction: true, ..self }
    }

    /// That other session, on the same way to Postgres as this one.
    pub(crate) const fn on_the_way_of(self, same_way: Self) -> Self {
        Self { is_of_transaction: same_way.is_of_transaction, ..self }
    }

    /// Whether a statement that one transaction prepares is there for the next one.
    pub(crate) const fn keeps_statements(self) -> bool {
        !self.is_of_transaction
    }

    /// The settings, by name.
    pub(crate) fn settings(self) -> impl Iterator<Item = (&'static str, String)> {
        let limits = [
            ("statement_timeout", self.statement_timeout_ms),
            ("lock_timeout", self.lock_timeout_ms),
            ("idle_in_transaction_session_timeout", self.idle_in_transaction_timeout_ms),
        ];
        let limits = limits.map(|(name, milliseconds)| (name, milliseconds.to_string()));
        limits.into_iter().chain(
            [ISOLATION, LITERALS]
                .into_iter()
                .chain(PLANS)
                .map(|(name, value)| (name, value.to_owned())),
        )
    }

    /// Opens a connection with these settings.
    pub(crate) async fn open(
        self,
        options: &PgConnectOptions,
    ) -> Result<PgConnection, sqlx::Error> {
        let mut connection = options.connect().await?;
        if !self.is_of_transaction {
            let set = self.statements("SET");
            raw_sql(AssertSqlSafe(set)).execute(&mut connection).await?;
        }
        Ok(connection)
    }

    /// The statements that begin a transaction.
    pub(crate) fn begin(self) -> String {
        let settings =
            if self.is_of_transaction { self.statements("SET LOCAL") } else { String::new() };
        format!("BEGIN ISOLATION LEVEL READ COMMITTED;{settings}")
    }

    fn statements(self, set: &str) -> String {
        self.settings().fold(String::new(), |before, (name, value)| {
            before + &format!(" {set} {name} = '{value}';")
        })
    }
}
