//! The handle on Postgres: its connections, and reads that are repeated once.

use crate::StoreError;
use crate::connections::{Connections, InUse, Lent, take_back};
use crate::session::Session;
use crate::url;
use crate::watch::Watch;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// The longest time of a read. A healthy Postgres answers every read sooner.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest time of anything else, which is a command of an operator. Postgres bounds it itself,
/// unless it does not answer at all.
const RUN_TIMEOUT: Duration = Duration::from_secs(15);

/// The connections for blocked commands, and those for what is due: one for its batch, and one that
/// finds the next rows meanwhile.
const FOR_BLOCKED: u32 = 1;
const FOR_DUE: u32 = 2;
/// The connections for effects. Two are for settlements, which share transactions, and two for
/// those that are tried alone, for notes, for the events that providers tell, and for the looks for
/// what is due. One that waits for a lock holds its connection for up to 200 ms.
const FOR_EFFECTS: u32 = 4;
/// The connection by which leases are renewed. It waits for nobody, so that no lease ends because
/// settlements wait. Some 80 leases are renewed in 9 seconds, each within a millisecond.
const FOR_LEASES: u32 = 1;

/// The connections of a worker beside those of its main handle.
pub const CONNECTIONS_BESIDE: u32 = FOR_BLOCKED + FOR_DUE + FOR_EFFECTS + FOR_LEASES;

/// The name of our sessions. Release 0.2.0 and those before it gave them none.
const APPLICATION_NAME: &str = concat!("commerce ", env!("CARGO_PKG_VERSION"));

/// A handle on Postgres, shared by its clones.
#[derive(Clone)]
pub struct Database {
    options: PgConnectOptions,
    connections_max: u32,
    session: Session,
    connections: Connections,
    /// The statements that begin a transaction.
    begin: Arc<str>,
    keeps_statements: Arc<AtomicBool>,
}

impl Database {
    /// A handle with at most `connections_max` connections. Nothing is connected yet.
    pub fn new(url: &str, connections_max: u32) -> Result<Self, StoreError> {
        // PgBouncer does not know the parameter that sqlx would send, and no column is a float.
        let options = url::parse(url)?.application_name(APPLICATION_NAME).extra_float_digits(None);
        // The text of a batch holds emails.
        let options = options.disable_statement_logging();
        Ok(Self::of(options, connections_max, Session::BOUNDED))
    }

    fn of(options: PgConnectOptions, connections_max: u32, session: Session) -> Self {
        let connections = Connections::new(options.clone(), session, connections_max);
        let begin = session.begin().into();
        let keeps_statements = Arc::new(AtomicBool::new(session.keeps_statements()));
        Self { options, connections_max, session, connections, begin, keeps_statements }
    }

    /// A handle with one connection, for those who have waited for a lock before. They wait for a
    /// moment only, because others wait for them.
    #[must_use]
    pub fn for_blocked(&self) -> Self {
        Self::of(self.options.clone(), FOR_BLOCKED, Session::AGAIN.on_the_way_of(self.session))
    }

    /// A handle for what is due, so that it takes no connection from clients.
    #[must_use]
    pub fn for_due(&self) -> Self {
        Self::of(self.options.clone(), FOR_DUE, self.session)
    }

    /// A handle for effects, so that they take no connection from clients.
    #[must_use]
    pub fn for_effects(&self) -> Self {
        Self::of(self.options.clone(), FOR_EFFECTS, self.session)
    }

    /// A handle for leases, so that nothing keeps them from being renewed.
    #[must_use]
    pub fn for_leases(&self) -> Self {
        Self::of(self.options.clone(), FOR_LEASES, self.session)
    }

    /// The same handle behind a pooler that gives each transaction another session.
    pub(crate) fn behind_transaction_pooler(&self) -> Self {
        Self::of(self.options.clone(), self.connections_max, Session::BOUNDED.of_transaction())
    }

    /// The session of migrations.
    pub(crate) const fn unlimited_session(&self) -> Session {
        Session::UNLIMITED.on_the_way_of(self.session)
    }

    /// Whether a statement that one transaction prepares is there for the next one.
    pub(crate) fn keeps_statements(&self) -> bool {
        self.keeps_statements.load(Ordering::Relaxed)
    }

    /// Prepares no statement of ours any more. At the start no pooler was seen.
    pub(crate) fn notice_pooler(&self) {
        self.keeps_statements.store(false, Ordering::Relaxed);
    }

    /// How connections are made.
    pub(crate) const fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// The statements that begin a transaction.
    pub(crate) fn begin(&self) -> &str {
        &self.begin
    }

    /// Whether Postgres takes writes. A standby does not, nor a database that is set to be read
    /// only.
    pub async fn takes_writes(&self) -> Result<bool, StoreError> {
        let look = |mut connection: Lent| async move {
            let writable = sqlx::query_scalar!(
                r#"SELECT current_setting('transaction_read_only') = 'off' AS "writable!""#
            );
            Ok(writable.fetch_one(&mut *connection).await?)
        };
        self.read(look).await
    }

    /// Runs a read, or a write that may be made twice, within one time limit. It is repeated once,
    /// on a connection of its own, if the first one had ended or was made for tables that have
    /// changed, and again while it meets a lock.
    pub(crate) async fn read<T, F>(&self, look: impl Fn(Lent) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let reads = async {
            let mut is_repeated = false;
            loop {
                match self.once(&look).await {
                    Err(StoreError::Unavailable(_)) if !is_repeated => is_repeated = true,
                    Err(StoreError::Locked(_) | StoreError::Conflict(_)) => {}
                    ended => return ended,
                }
            }
        };
        timeout(READ_TIMEOUT, reads).await.unwrap_or_else(|_| self.note(Err(StoreError::silent())))
    }

    /// Runs a statement of an operator, once.
    pub(crate) async fn run<T, F>(&self, statement: impl Fn(Lent) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let ran = timeout(RUN_TIMEOUT, self.once(&statement)).await;
        ran.unwrap_or_else(|_| self.note(Err(StoreError::silent())))
    }

    async fn once<T, F>(&self, look: &impl Fn(Lent) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let _watch = Watch::begin("a read, or a statement of an operator");
        let (lent, home) = self.take().await?.lend();
        let done = look(lent).await;
        if let (Ok(_), Some(used)) = (&done, take_back(&home)) {
            self.keep(used);
        }
        self.note(done)
    }

    /// Returns `result`. After an outage no connection is used that was idle before it.
    pub(crate) fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Unavailable(_)) = result {
            self.connections.close_idle();
        }
        result
    }

    /// A connection for a unit of work. The caller hands it back with [`Database::keep`] when the
    /// work succeeded; otherwise it is closed.
    pub(crate) async fn take(&self) -> Result<InUse, StoreError> {
        self.connections.take().await
    }

    /// Keeps a connection that works and is in no transaction for the next unit of work.
    pub(crate) fn keep(&self, used: InUse) {
        self.connections.keep(used);
    }
}
