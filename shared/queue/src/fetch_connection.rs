//! The connection that apalis uses. It notes what each fetch shows of the queue, and sends scripts
//! in a form that runs on a full Redis.

use crate::amended_scripts::AmendedScripts;
use crate::connection::Connection;
use crate::known_empty::QueueState;
use redis::aio::ConnectionLike;
use redis::{Arg, Cmd, Pipeline, RedisFuture, Value};
use std::sync::Arc;

/// A connection that notes what each fetch of apalis shows. A wake signal during a command may
/// announce tasks that the command did not see, and the poll that followed it only waited for the
/// command: so the worker is woken again.
#[derive(Clone)]
pub struct FetchConnection {
    connection: Connection,
    scripts: AmendedScripts,
    state: QueueState,
    active_list: Arc<str>,
    fetch_max: usize,
}

impl FetchConnection {
    pub(crate) fn new(
        connection: Connection,
        state: QueueState,
        active_list: &str,
        fetch_max: usize,
    ) -> Self {
        let (scripts, active_list) = (AmendedScripts::default(), active_list.into());
        Self { connection, scripts, state, active_list, fetch_max }
    }
}

impl ConnectionLike for FetchConnection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let QueueState { signal, .. } = &self.state;
            let signals = signal.count();
            self.state.known_empty().forget();
            let amended = self.scripts.amend(cmd)?;
            let sent = amended.as_ref().map_or(cmd, |amended| &amended.cmd);
            let reply = self.connection.req_packed_command(sent).await?.extract_error()?;
            let reply = amended.and_then(|amended| amended.reply).unwrap_or(reply);
            // Another command, such as a take-over, may have added tasks since a fetch was noted.
            match is_fetch(cmd, &self.active_list).then(|| tasks_of(&reply)).flatten() {
                Some(tasks) => {
                    self.state.known_empty().note_fetch(tasks, signals, self.fetch_max);
                }
                None => self.state.known_empty().forget(),
            }
            if signal.count() != signals {
                signal.wake();
            }
            Ok(reply)
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}

/// Whether `cmd` is the call of `fetch_next.lua` in apalis-redis: no other script of it has seven
/// keys, of which the second is the list of waiting tasks.
fn is_fetch(cmd: &Cmd, active_list: &str) -> bool {
    let text = |arg| match arg {
        Arg::Simple(bytes) => bytes,
        _ => b"".as_slice(),
    };
    // EVALSHA, hash, number of keys, then the keys.
    let mut args = cmd.args_iter().map(text);
    let (name, count, key_2) = (args.next(), args.nth(1), args.nth(1));
    name == Some(b"EVALSHA") && count == Some(b"7") && key_2 == Some(active_list.as_bytes())
}

/// The number of tasks in the reply to a fetch, which has two lists: payloads, and meta data of
/// each.
fn tasks_of(reply: &Value) -> Option<usize> {
    let Value::Array(lists) = reply else { return None };
    let Some(Value::Array(tasks)) = lists.first() else { return None };
    Some(tasks.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RawTask;
    use apalis_core::backend::Backend;
    use apalis_core::worker::context::WorkerContext;
    use apalis_redis::{Config, RedisStorage};
    use std::future::{poll_fn, ready};
    use std::mem::take;
    use std::sync::Mutex;
    use std::task::Poll;
    use std::time::Duration;

    /// A connection to nowhere that keeps what is sent, and gives one reply to all of it.
    #[derive(Clone)]
    struct Recorder {
        sent: Arc<Mutex<Vec<Cmd>>>,
        reply: Arc<Mutex<Value>>,
    }

    impl ConnectionLike for Recorder {
        fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
            self.sent.lock().unwrap().push(cmd.clone());
            let reply = self.reply.lock().unwrap().clone();
            Box::pin(ready(Ok(reply)))
        }

        fn req_packed_commands<'a>(
            &'a mut self,
            _: &'a Pipeline,
            _: usize,
            _: usize,
        ) -> RedisFuture<'a, Vec<Value>> {
            panic!("apalis sends no pipelines")
        }

        fn get_db(&self) -> i64 {
            0
        }
    }

    #[tokio::test]
    async fn of_all_that_apalis_sends_only_its_fetch_is_taken_for_one() {
        let (sent, reply) = (Arc::default(), Arc::new(Mutex::new(Value::Int(1))));
        let recorder = Recorder { sent: Arc::clone(&sent), reply: Arc::clone(&reply) };
        let config = Config::default().queue("q").heartbeat_interval(Duration::from_millis(1));
        let mut storage = RedisStorage::<RawTask, _>::new(recorder).with_config(config);
        let worker = WorkerContext::new("w");
        let count_fetches =
            |sent: &[Cmd]| sent.iter().filter(|cmd| is_fetch(cmd, "q:active")).count();

        // Registration takes over from an earlier worker of that name; the first heartbeat takes
        // over from those that are dead. That makes four calls.
        poll_fn(|cx| {
            assert!(matches!(storage.poll_ready(cx, &worker), Poll::Ready(Ok(()))));
            if sent.lock().unwrap().len() < 4 { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        assert_eq!(count_fetches(&take(&mut *sent.lock().unwrap())), 0);

        let nothing = || Value::Array(Vec::new());
        *reply.lock().unwrap() = Value::Array(vec![nothing(), nothing()]);
        let is_idle = poll_fn(|cx| Poll::Ready(storage.poll_next(cx, &worker).is_pending())).await;
        assert!(is_idle);
        let fetch = take(&mut *sent.lock().unwrap());
        assert_eq!((fetch.len(), count_fetches(&fetch)), (1, 1));
        assert!(!is_fetch(&fetch[0], "other:active"));
    }
}
