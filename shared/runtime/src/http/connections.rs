//! All connections of a listener: how many there may be, who makes room, and what takes too long.

use super::activity::{Activity, Phase};
use super::limits::Limits;
use std::collections::HashMap;
use std::sync::atomic::{AtomicIsize, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::timeout;

/// The most bytes of heads that are not whole, of all connections together.
const HEADS_MAX: isize = 16 * 1024 * 1024;
/// The connections beyond the bound. They are answered with 503, but for `GET /health`.
const SPARE: usize = 16;

/// How long a connection is left alone before it has to make room. A request that was sent at once
/// is read sooner. New connections wait meanwhile, in the kernel.
const GRACE: Duration = Duration::from_millis(50);

/// Why a connection was closed.
const TIME_OUT: &str = "time_out";
const NO_ROOM: &str = "no_room";

/// The connections of a listener.
pub(super) struct Connections {
    bound: usize,
    members: Mutex<HashMap<u64, Arc<Activity>>>,
    next_id: AtomicU64,
    /// The bytes of heads that are not whole.
    head_bytes: AtomicIsize,
    /// Notified when a connection has ended.
    ended: Notify,
}

/// Whether there is room for a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// There is.
    Enough,
    /// All others are being answered. There is room to say so.
    Spare,
    /// There is none.
    None,
}

impl Connections {
    pub(super) fn new(bound: usize) -> Arc<Self> {
        Arc::new(Self {
            bound,
            members: Mutex::default(),
            next_id: AtomicU64::new(0),
            head_bytes: AtomicIsize::new(0),
            ended: Notify::new(),
        })
    }

    /// Makes room for one more connection: the one that has waited longest for its client is
    /// closed. Whoever sends a request at once is not the one.
    pub(super) async fn make_room(&self) -> Room {
        while self.count() >= self.bound {
            let Some((phase, since, oldest)) = self.oldest(|phase| phase != Phase::Work) else {
                let has_spare = self.count() < self.bound + SPARE;
                return if has_spare { Room::Spare } else { Room::None };
            };
            if phase != Phase::New && since.elapsed() >= GRACE {
                self.close(&oldest, NO_ROOM);
            }
            let _ = timeout(GRACE, self.ended.notified()).await;
        }
        Room::Enough
    }

    /// Closes the connection that has waited longest for its client.
    pub(super) fn close_oldest(&self) {
        let oldest = self.oldest(|phase| phase != Phase::Work);
        oldest.inspect(|(_, _, activity)| self.close(activity, NO_ROOM));
    }

    /// Closes each connection that has waited for its client for too long.
    pub(super) fn close_overdue(&self, limits: Limits) {
        let now = Instant::now();
        for activity in self.members().values() {
            let (phase, since) = activity.now();
            if limits.of(phase).is_some_and(|limit| now.duration_since(since) >= limit) {
                self.close(activity, TIME_OUT);
            }
        }
    }

    /// Has every connection end after its request.
    pub(super) fn stop(&self) {
        self.members().values().for_each(|activity| activity.stop());
    }

    /// Adds a connection, until its member is dropped.
    pub(super) fn join(self: &Arc<Self>) -> Arc<Member> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let activity = Activity::new();
        self.members().insert(id, activity.clone());
        Arc::new(Member { id, activity, connections: self.clone() })
    }

    fn count(&self) -> usize {
        self.members().len()
    }

    /// The connection that has waited longest, of those in a phase that `may_end`. Those that have
    /// their answer come before it, and those that were not looked at yet after it.
    fn oldest(&self, may_end: impl Fn(Phase) -> bool) -> Option<(Phase, Instant, Arc<Activity>)> {
        let members = self.members();
        let waiting = members.values().filter_map(|activity| {
            let (phase, since) = activity.now();
            (phase != Phase::Closing && may_end(phase)).then_some((phase, since, activity))
        });
        let order = |phase| match phase {
            Phase::Linger => 0,
            Phase::New => 2,
            _ => 1,
        };
        let oldest = waiting.min_by_key(|(phase, since, _)| (order(*phase), *since));
        oldest.map(|(phase, since, activity)| (phase, since, activity.clone()))
    }

    fn close(&self, activity: &Activity, reason: &'static str) {
        metrics::counter!("commerce_connections_closed_total", "reason" => reason).increment(1);
        self.drop_head_bytes(activity.close());
    }

    /// Returns how many there are now. It may be too few for a moment, when others are dropped
    /// before they are added.
    fn add_head_bytes(&self, bytes: usize) -> isize {
        let bytes = bytes.cast_signed();
        self.head_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes
    }

    fn drop_head_bytes(&self, bytes: usize) {
        self.head_bytes.fetch_sub(bytes.cast_signed(), Ordering::Relaxed);
    }

    fn members(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection among all.
pub(super) struct Member {
    id: u64,
    pub(super) activity: Arc<Activity>,
    connections: Arc<Connections>,
}

impl Member {
    /// Bytes were read. When there are too many of unfinished heads, the oldest is given up.
    pub(super) fn received(&self, bytes: usize) {
        if self.activity.received(bytes) && self.connections.add_head_bytes(bytes) > HEADS_MAX {
            let oldest = self.connections.oldest(|phase| phase == Phase::Head);
            oldest.inspect(|(_, _, activity)| self.connections.close(activity, NO_ROOM));
        }
    }

    /// A head was read, and its request is handled.
    pub(super) fn begun(&self, has_body: bool) {
        self.connections.drop_head_bytes(self.activity.begun(has_body));
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.begun(false);
        self.connections.members().remove(&self.id);
        self.connections.ended.notify_one();
    }
}
