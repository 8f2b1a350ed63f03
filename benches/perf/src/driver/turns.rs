//! Whose turn it is to send, and what comes back.

use super::recording::{Recording, Window};
use super::schedule;
use super::{Connection, Load, Pace};
use anyhow::{Result, anyhow};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

/// What is not answered this long after the end is not waited for.
const GRACE: Duration = Duration::from_secs(5);

/// After an error a connection rests, or a server that is gone would be asked a million times.
const PAUSE: Duration = Duration::from_millis(20);

struct Shared {
    load: RefCell<Box<dyn Load>>,
    recording: RefCell<Recording>,
    /// The open loop's; whoever is free waits at it, first come first served.
    arrivals: Option<Mutex<UnboundedReceiver<Instant>>>,
    window: Window,
}

/// Drives all connections until the window or the load ends.
pub(super) async fn run(
    connections: Vec<Connection>,
    pace: Pace,
    window: Window,
    load: Box<dyn Load>,
) -> Result<Recording> {
    let arrivals = match pace {
        Pace::Closed => None,
        Pace::Open { rate, seed } => Some(Mutex::new(schedule::hand_out(rate, seed, window))),
    };
    let recording = RefCell::new(Recording::new(window)?);
    let shared = Rc::new(Shared { load: RefCell::new(load), recording, arrivals, window });
    let turns: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(at, connection)| tokio::task::spawn_local(turns(at, connection, shared.clone())))
        .collect();
    let end = tokio::time::Instant::from_std(window.to + GRACE);
    let aborts: Vec<_> = turns.iter().map(tokio::task::JoinHandle::abort_handle).collect();
    if tokio::time::timeout_at(end, futures::future::join_all(turns)).await.is_err() {
        shared.recording.borrow_mut().error(|| format!("no answer within {GRACE:?} of the end"));
        aborts.iter().for_each(tokio::task::AbortHandle::abort);
        // Aborted tasks let go of what they share at their next turn.
        tokio::time::sleep(PAUSE).await;
    }
    let shared = Rc::into_inner(shared).ok_or_else(|| anyhow!("a connection does not end"))?;
    Ok(shared.recording.into_inner())
}

async fn turns(at: usize, mut connection: Connection, shared: Rc<Shared>) {
    let mut request = Vec::with_capacity(1024);
    while let Some(meant) = shared.turn().await {
        request.clear();
        if !shared.load.borrow_mut().next(at, &mut request) {
            break;
        }
        let failed = match connection.ask(&request).await {
            Ok(reply) => {
                let now = Instant::now();
                let expected = shared.load.borrow_mut().answered(at, reply);
                let mut recording = shared.recording.borrow_mut();
                recording.answer(meant, now, reply.status);
                if !expected {
                    let body = || String::from_utf8_lossy(reply.body).into_owned();
                    recording.error(|| format!("{} {}", reply.status, body()));
                }
                false
            }
            Err(error) => {
                shared.recording.borrow_mut().error(|| error.to_string());
                true
            }
        };
        if failed {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Shared {
    /// When the next request is meant to be sent; `None` when there is no next one.
    async fn turn(&self) -> Option<Instant> {
        if let Some(arrivals) = &self.arrivals {
            return arrivals.lock().await.recv().await;
        }
        let now = Instant::now();
        (now < self.window.to).then_some(now)
    }
}
