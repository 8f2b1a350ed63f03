//! The load generator: a closed loop, where each connection sends when it has its answer, and an open
//! one, where requests arrive by a schedule and wait for a free connection if there is none.
//!
//! It runs on one thread of its own and knows of the product only what HTTP shows.

mod connection;
mod recording;
mod schedule;
mod turns;

pub(crate) use connection::{Connection, Reply};
pub(crate) use recording::{Recording, SLOT, Window};

use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What is sent, and what is expected of the answers.
pub(crate) trait Load: Send {
    /// Writes the next request of that connection; false when there is none left.
    fn next(&mut self, connection: usize, request: &mut Vec<u8>) -> bool;

    /// Takes note of the answer to it; false when it is not what was expected.
    fn answered(&mut self, connection: usize, reply: Reply<'_>) -> bool;
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Each connection sends when it has its answer.
    Closed,
    /// At that many a second on average, whatever the answers do.
    Open {
        /// Arrivals a second.
        rate: f64,
        /// What chance is drawn from.
        seed: u64,
    },
}

/// How long to drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A warm-up, and the time that counts.
    Time(Duration, Duration),
    /// Until the load has no request left; all of it counts.
    UntilDone,
}

/// A run of the driver.
pub(crate) struct Drive {
    /// Whom to ask.
    pub(crate) address: SocketAddr,
    /// How many connections, each with one request at a time.
    pub(crate) connections: usize,
    /// When to send.
    pub(crate) pace: Pace,
    /// How long.
    pub(crate) extent: Extent,
    /// What to send.
    pub(crate) load: Box<dyn Load>,
}

/// A driver at work.
pub(crate) struct Running {
    /// The time that counts.
    pub(crate) window: Window,
    done: oneshot::Receiver<Result<Recording>>,
}

impl Running {
    /// What it saw, when it is done.
    pub(crate) async fn recording(self) -> Result<Recording> {
        self.done.await.context("the load generator broke off")?
    }
}

/// A bound for what has no end of its own.
const DONE_WITHIN: Duration = Duration::from_hours(1);

/// Connects, and begins to send.
pub(crate) async fn start(drive: Drive) -> Result<Running> {
    let (tell_window, window) = oneshot::channel();
    let (tell_done, done) = oneshot::channel();
    std::thread::Builder::new().name("load".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let driven = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
            let local = tokio::task::LocalSet::new();
            runtime.block_on(local.run_until(drive_all(drive, tell_window)))
        });
        let _ = tell_done.send(driven);
    })?;
    if let Ok(window) = window.await {
        return Ok(Running { window, done });
    }
    let ended = done.await.context("the load generator broke off")?;
    Err(ended.err().unwrap_or_else(|| anyhow::anyhow!("the load generator did nothing")))
}

async fn drive_all(drive: Drive, tell_window: oneshot::Sender<Window>) -> Result<Recording> {
    let mut connections = Vec::new();
    for _ in 0..drive.connections {
        let mut connection = Connection::new(drive.address);
        connection.open().await.with_context(|| format!("nobody at {}", drive.address))?;
        connections.push(connection);
    }
    let now = Instant::now();
    let window = match drive.extent {
        Extent::Time(warm_up, measured) => {
            Window { from: now + warm_up, to: now + warm_up + measured }
        }
        Extent::UntilDone => Window { from: now, to: now + DONE_WITHIN },
    };
    let _ = tell_window.send(window);
    turns::run(connections, drive.pace, window, drive.load).await
}
