//! Serves HTTP/1.1, so that no client can take the process away from the others.
//!
//! A connection has a time limit whenever it waits for its client, and there is a bound on
//! connections. Over it the one that has waited longest for its client makes room, so that a
//! request that comes whole is answered whatever thousands of others do. A stop waits for requests
//! that are being handled, and not for clients that say nothing.

mod activity;
mod body;
mod connections;
mod conversation;
mod limits;
mod refusal;
mod stream;

use crate::shutdown;
use axum::Router;
use connections::{Connections, Room};
use conversation::{Answer, converse};
use limits::Limits;
use rustix::process::{Resource, getrlimit};
use std::hint::black_box;
use std::io;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The time between two looks for connections that take too long.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The same while the process stops.
const LOOK_INTERVAL_STOPPING: Duration = Duration::from_millis(20);
/// The pause when no connection can be accepted, because there is no file for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A block that mimalloc puts in pages of its own.
const LARGE_BLOCK: usize = 1024 * 1024;
/// The files that are kept free for logs, Redis, and answers that there is no room.
const FILES_RESERVED: usize = 48;
/// The fewest connections that make sense.
const CONNECTIONS_MIN: usize = 8;

/// How many connections a process may have that wants `wanted` of them and needs `others` for other
/// things. It depends on how many files it may open (`ulimit -n`).
#[must_use]
pub fn connections_max(wanted: usize, others: usize) -> usize {
    let files = getrlimit(Resource::Nofile).current;
    let files = files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    let possible = files.saturating_sub(FILES_RESERVED + others).max(CONNECTIONS_MIN);
    if possible < wanted {
        tracing::warn!(files, connections = possible, "ulimit -n allows fewer connections");
    }
    wanted.min(possible)
}

/// Serves `routes` on at most so many connections until `stop`, and then answers the requests that
/// are under way.
pub async fn serve(listener: TcpListener, routes: Router, bound: usize, stop: CancellationToken) {
    let connections = Connections::new(bound);
    let tasks = TaskTracker::new();
    let mut looks = interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            _ = looks.tick() => {
                connections.close_overdue(Limits::SERVING);
                give_memory_back();
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let Some(room) = stop.run_until_cancelled(connections.make_room()).await else { break };
        match accepted {
            Ok((tcp, peer)) if room != Room::None => {
                let member = connections.join();
                let answer = Answer { routes: routes.clone(), peer, room };
                tasks.spawn(converse(tcp, member, answer));
            }
            Ok(_) => {}
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                connections.close_oldest();
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.stop();
    tasks.close();
    let drained = async {
        while timeout(LOOK_INTERVAL_STOPPING, tasks.wait()).await.is_err() {
            connections.close_overdue(Limits::STOPPING);
        }
    };
    if timeout(shutdown::DEADLINE, drained).await.is_err() {
        tracing::warn!("stopping with requests unanswered");
    }
}

/// mimalloc gives freed memory back to the system a second later, when it allocates a large block
/// the next time. After a crowd has left there may be no other reason to do so for long.
fn give_memory_back() {
    drop(black_box(Vec::<u8>::with_capacity(LARGE_BLOCK)));
}

/// Whether the client had gone before its connection was accepted.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
