//! What all requests share.

use crate::coalesce::calls::{self, Admissions, Pages};
use crate::key_cache::KeyCache;
use crate::settings::{AuthMode, Settings};
use ipnet::IpNet;
use queue::{Bounds, Limit, Outcomes, Queue};
use runtime::telemetry::Metrics;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use store::Database;
use tokio_util::sync::CancellationToken;

/// What all requests share. A clone, which every request needs, costs one reference count.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

/// The parts of the state.
pub struct Shared {
    /// Postgres, for what clients look up.
    pub(crate) database: Database,
    /// Redis, for jobs.
    pub(crate) queue: Queue,
    /// Coalesces submissions.
    pub(crate) admissions: Admissions,
    /// Coalesces reads of pages of subscriptions.
    pub(crate) pages: Pages,
    /// The outcomes that requests wait for.
    pub(crate) outcomes: Outcomes,
    /// The bounds of submissions.
    pub(crate) bounds: Bounds,
    /// How long a submission waits unless it says otherwise.
    pub(crate) response_wait: Duration,
    /// Whether API keys are needed.
    pub(crate) auth: AuthMode,
    /// API keys that were valid a moment ago.
    pub(crate) key_cache: KeyCache,
    /// Proxies whose word on client addresses is believed.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    /// The metrics of this process.
    pub(crate) metrics: Metrics,
    /// Cancelled when the process is asked to stop.
    pub(crate) stop: CancellationToken,
}

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl ApiState {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        (database, queue): (Database, Queue),
        settings: &Settings,
        limit: Option<Limit>,
        metrics: Metrics,
        stop: CancellationToken,
    ) -> Self {
        let bounds = Bounds { limit, depth_max: settings.queue_depth_max };
        Self(Arc::new(Shared {
            admissions: calls::admissions(queue.clone(), bounds),
            pages: calls::pages(database.clone()),
            outcomes: Outcomes::subscribe(&queue, settings.waiters_max, stop.clone()),
            bounds,
            response_wait: Duration::from_millis(settings.response_wait_ms),
            auth: settings.api_auth,
            key_cache: KeyCache::default(),
            trusted_proxies: settings.trusted_proxies.clone().into(),
            database,
            queue,
            metrics,
            stop,
        }))
    }
}
