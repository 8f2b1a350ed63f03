//! The connections to Postgres, at most so many.
//!
//! A pool of sqlx would ping each connection that is handed back, without a time limit: that is a
//! round trip more for every use, and a place that is lost for good when the connection is silent.

use crate::StoreError;
use crate::session::Session;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::raw_sql;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// The longest wait for a connection, also for a new one. After it Postgres counts as unreachable.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest wait for the answer to a statement before a use.
const LOOK_TIMEOUT: Duration = Duration::from_millis(500);

/// The idle time after which a connection is pinged before it is used.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

/// The pauses between two tries to connect to a Postgres that starts.
const STARTING_PAUSE_MIN: Duration = Duration::from_millis(10);
const STARTING_PAUSE_MAX: Duration = Duration::from_millis(400);

/// The age after which a connection is not kept any more.
const AGE_MAX: Duration = Duration::from_mins(30);

/// The connections of one handle, shared by its clones.
#[derive(Clone)]
pub(crate) struct Connections(Arc<Shared>);

struct Shared {
    options: PgConnectOptions,
    session: Session,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: PgConnection,
    opened: Instant,
    /// How often it was used.
    uses: u32,
    /// See [`InUse`].
    prepared: Vec<&'static str>,
    since: Instant,
}

/// A connection that is in use. It is closed when it is dropped, because it may be in a failed
/// transaction, or silent. If all went well, [`Connections::keep`] keeps it.
pub(crate) struct InUse {
    pub(crate) connection: PgConnection,
    /// The statements that its session has prepared: see `statements.rs`.
    pub(crate) prepared: Vec<&'static str>,
    opened: Instant,
    uses: u32,
    _place: OwnedSemaphorePermit,
}

/// A connection that is lent to a read. It comes back when it is dropped, unless the whole read is
/// given up before.
pub(crate) struct Lent {
    used: Option<InUse>,
    home: Home,
}

type Home = Arc<Mutex<Option<InUse>>>;

impl InUse {
    /// Lends the connection. [`take_back`] has it when the read has ended.
    pub(crate) fn lend(self) -> (Lent, Home) {
        let home = Home::default();
        (Lent { used: Some(self), home: home.clone() }, home)
    }
}

/// The connection that was lent.
pub(crate) fn take_back(home: &Home) -> Option<InUse> {
    home.lock().unwrap_or_else(PoisonError::into_inner).take()
}

const UNTIL_DROPPED: &str = "the connection leaves when this is dropped";

#[expect(clippy::expect_used, reason = "see UNTIL_DROPPED")]
impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.used.as_ref().expect(UNTIL_DROPPED).connection
    }
}

#[expect(clippy::expect_used, reason = "see UNTIL_DROPPED")]
impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.used.as_mut().expect(UNTIL_DROPPED).connection
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = self.used.take();
    }
}

impl Idle {
    /// The statement to run before the connection is used, if any.
    ///
    /// It makes its plans anew after 1, 2, 4, 8 ... uses: a plan that was made for an empty table,
    /// to which all keys that begin with the client are alike, may read all rows of the client.
    /// Postgres itself notices that a table has grown after a minute. And it is pinged if its last
    /// use is long ago: to ping before each use would cost every request a round trip, and never
    /// to ping would make requests fail after a restart of Postgres.
    fn look(&self) -> Option<&'static str> {
        if self.uses.is_power_of_two() {
            Some("DISCARD PLANS")
        } else {
            (self.since.elapsed() > IDLE_TRUSTED).then_some("")
        }
    }
}

impl Connections {
    /// At most `max` connections, of which none is open yet.
    pub(crate) fn new(options: PgConnectOptions, session: Session, max: u32) -> Self {
        let places = Arc::new(Semaphore::new(max as usize));
        Self(Arc::new(Shared { options, session, places, idle: Mutex::default() }))
    }

    /// A connection. Whatever refuses one refuses everybody, and is an outage.
    pub(crate) async fn take(&self) -> Result<InUse, StoreError> {
        let taken = timeout(CONNECT_TIMEOUT, async {
            let places = self.0.places.clone();
            let place = places.acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
            let (connection, prepared, opened, uses) = match self.idle_one().await {
                Some(idle) => (idle.connection, idle.prepared, idle.opened, idle.uses),
                None => (self.open().await?, Vec::new(), Instant::now(), 0),
            };
            Ok(InUse { connection, prepared, opened, uses: uses + 1, _place: place })
        });
        taken.await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(|error| {
            self.close_idle();
            StoreError::Unavailable(error)
        })
    }

    /// Keeps a connection that works and is in no transaction for the next use.
    pub(crate) fn keep(&self, used: InUse) {
        let InUse { connection, prepared, opened, uses, _place } = used;
        if opened.elapsed() < AGE_MAX {
            let since = Instant::now();
            self.idle().push(Idle { connection, opened, uses, prepared, since });
        }
    }

    /// Closes the idle connections: after an outage they are as likely to be broken, silent, or
    /// connected to what is no longer the primary, as the one that met it.
    pub(crate) fn close_idle(&self) {
        self.idle().clear();
    }

    /// The connection that was used last, if it is there still.
    async fn idle_one(&self) -> Option<Idle> {
        let mut newest = self.idle().pop()?;
        let Some(look) = newest.look() else { return Some(newest) };
        let answered = timeout(LOOK_TIMEOUT, raw_sql(look).execute(&mut newest.connection)).await;
        if let Ok(Ok(_)) = answered {
            return Some(newest);
        }
        self.close_idle();
        None
    }

    /// Opens a connection. It waits for a Postgres that is not there yet, as during a restart.
    async fn open(&self) -> Result<PgConnection, sqlx::Error> {
        let mut pause = STARTING_PAUSE_MIN;
        loop {
            match self.0.session.open(&self.0.options).await {
                Err(error) if is_starting(&error) => sleep(pause).await,
                opened => return opened,
            }
            pause = (pause * 2).min(STARTING_PAUSE_MAX);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether nothing listens, or Postgres starts or has no connection to give.
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => matches!(error.code().as_deref(), Some("57P03" | "53300")),
        _ => false,
    }
}
