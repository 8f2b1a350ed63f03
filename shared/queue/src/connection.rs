//! The one way to Redis: a connection that is replaced when it is of no use any more.
//!
//! A connection is of no use when it cannot be made, was closed, or does not answer within
//! [`RESPONSE_TIMEOUT`], and when its server says that it takes no writes: it became a replica or
//! loads its data, and the address may lead to another server by now. Then it is replaced, and the
//! call is made once more, unless it may have been carried out and must not be repeated.

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError,
    RedisFuture, RedisResult, ScriptInvocation, ServerError, ServerErrorKind, Value,
};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

/// The time within which a connection must be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The time after which a connection that does not answer counts as silent. It is longer than any
/// script here takes, and shorter than clients wait.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The time of a call in all: a silent connection, and an answer on the one that replaces it.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection is kept for at least this time, so that an outage does not make thousands of them.
const RENEWAL_PAUSE: Duration = Duration::from_millis(100);

type Connecting = Shared<BoxFuture<'static, RedisResult<MultiplexedConnection>>>;

/// A connection to Redis, shared by its clones.
#[derive(Clone)]
pub(crate) struct Connection {
    line: Arc<Line>,
    /// Whether calls may be repeated that may have been carried out.
    repeatable: bool,
}

struct Line {
    client: Client,
    current: Mutex<Current>,
    /// Counts the replacements of connections that were silent or led to a server that takes no
    /// writes. Subscriptions are renewed then, because theirs may lead there too.
    moves: watch::Sender<u64>,
    /// Counts the connections that were replaced, for whatever reason.
    replaced: AtomicU64,
}

#[derive(Clone)]
struct Current {
    connecting: Connecting,
    since: Instant,
}

/// Why a connection is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    /// It could not be made. Nothing was sent.
    Unmade,
    /// Its server takes no writes. Nothing was carried out.
    NotWritable,
    /// It was closed, perhaps after the call was carried out.
    Closed,
    /// It does not answer. The call may be carried out.
    Silent,
}

impl Connection {
    /// A connection to the Redis of `client`. It is made when it is first used.
    pub(crate) fn new(client: Client) -> Self {
        let current = Mutex::new(Current::begin(&client));
        let moves = watch::Sender::new(0);
        let line = Line { client, current, moves, replaced: AtomicU64::new(0) };
        Self { line: Arc::new(line), repeatable: true }
    }

    /// The same connection for calls that must not be carried out twice.
    pub(crate) fn unrepeatable(&self) -> Self {
        Self { repeatable: false, ..self.clone() }
    }

    /// Where it leads.
    pub(crate) fn client(&self) -> &Client {
        &self.line.client
    }

    /// Tells when subscriptions are to be renewed.
    pub(crate) fn moves(&self) -> watch::Receiver<u64> {
        self.line.moves.subscribe()
    }

    /// The number of the connection. Another one may lead to another Redis, or to one that was
    /// started again.
    pub(crate) fn number(&self) -> u64 {
        self.line.replaced.load(Ordering::Relaxed)
    }

    /// Runs a script.
    pub(crate) async fn invoke<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        let mut connection = self.clone();
        match call.invoke_async(&mut connection).await {
            // It was loaded into a server that the connection led to until now.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                call.invoke_async(&mut connection).await
            }
            reply => reply,
        }
    }

    /// Makes a call, and makes it once more if the connection had to be replaced.
    async fn call<R: Reply, F>(&self, send: impl Fn(MultiplexedConnection) -> F) -> RedisResult<R>
    where
        F: Future<Output = RedisResult<R>>,
    {
        let deadline = Instant::now() + CALL_TIMEOUT;
        let current = self.line.current().clone();
        let (reply, defect) = current.call(deadline, &send).await;
        let Some(defect) = defect else { return reply };
        let renewed = self.line.renew(&current, defect).await;
        let harmless = matches!(defect, Defect::Unmade | Defect::NotWritable);
        if Instant::now() >= deadline || !(harmless || self.repeatable) {
            return reply;
        }
        let (reply, defect) = renewed.call(deadline, &send).await;
        if let Some(defect) = defect {
            self.line.renew(&renewed, defect).await;
        }
        reply
    }
}

impl Current {
    fn begin(client: &Client) -> Self {
        let client = client.clone();
        let connect = async move {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_TIMEOUT))
                .set_response_timeout(Some(RESPONSE_TIMEOUT));
            client.get_multiplexed_async_connection_with_config(&config).await
        };
        Self { connecting: connect.boxed().shared(), since: Instant::now() }
    }

    /// Makes a call, and says what is wrong with the connection.
    async fn call<R: Reply, F>(
        &self,
        deadline: Instant,
        send: impl Fn(MultiplexedConnection) -> F,
    ) -> (RedisResult<R>, Option<Defect>)
    where
        F: Future<Output = RedisResult<R>>,
    {
        let made = in_time(deadline, self.connecting.clone()).await;
        let connection = match made {
            Ok(connection) => connection,
            Err(error) => return (Err(error), Some(Defect::Unmade)),
        };
        let reply = in_time(deadline, send(connection)).await;
        let defect = Defect::of(&reply);
        (reply, defect)
    }
}

impl Line {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces a connection, unless another call has done so, and returns the one that holds now.
    async fn renew(&self, defective: &Current, defect: Defect) -> Current {
        sleep_until(defective.since + RENEWAL_PAUSE).await;
        let mut current = self.current();
        if current.connecting.ptr_eq(&defective.connecting) {
            *current = Current::begin(&self.client);
            self.replaced.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(?defect, "the connection to Redis is replaced");
            if matches!(defect, Defect::NotWritable | Defect::Silent) {
                self.moves.send_modify(|count| *count += 1);
            }
        }
        current.clone()
    }
}

impl Defect {
    fn of<R: Reply>(reply: &RedisResult<R>) -> Option<Self> {
        match reply {
            Ok(reply) => reply.server_errors().any(is_not_writable).then_some(Self::NotWritable),
            Err(error) if error.is_timeout() => Some(Self::Silent),
            Err(error) if error.is_io_error() || error.is_unrecoverable_error() => {
                Some(Self::Closed)
            }
            Err(_) => None,
        }
    }
}

/// What comes of `step`, if that is before the deadline.
async fn in_time<T>(
    deadline: Instant,
    step: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    let silent = |_| Err(RedisError::from(io::Error::from(io::ErrorKind::TimedOut)));
    timeout_at(deadline, step).await.unwrap_or_else(silent)
}

/// Whether a server says that it takes no writes for now. Before Redis 7 the error of a script has
/// its code in the text.
fn is_not_writable(error: &ServerError) -> bool {
    use ServerErrorKind::{BusyLoading, MasterDown, ReadOnly};
    matches!(error.kind(), Some(BusyLoading | MasterDown | ReadOnly))
        || error.details().is_some_and(|text| text.contains("-READONLY"))
}

/// What a server replies: to one command, or to several.
trait Reply {
    /// The errors in it.
    fn server_errors(&self) -> impl Iterator<Item = &ServerError>;
}

impl Reply for Value {
    fn server_errors(&self) -> impl Iterator<Item = &ServerError> {
        std::slice::from_ref(self).iter().filter_map(server_error)
    }
}

impl Reply for Vec<Value> {
    fn server_errors(&self) -> impl Iterator<Item = &ServerError> {
        self.iter().filter_map(server_error)
    }
}

fn server_error(value: &Value) -> Option<&ServerError> {
    match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let send = move |mut connection: MultiplexedConnection| async move {
            connection.send_packed_command(cmd).await
        };
        Box::pin(self.call(send))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let send = move |mut connection: MultiplexedConnection| async move {
            connection.send_packed_commands(pipeline, offset, count).await
        };
        Box::pin(self.call(send))
    }

    fn get_db(&self) -> i64 {
        self.client().get_connection_info().redis_settings().db()
    }
}
