//! What all requests share, and which path leads where.

use crate::auth::KeyCache;
use crate::calls::{self, Admissions, Pages};
use crate::config::{AuthMode, Settings};
use crate::requests::{self, Build};
use crate::routes::{self, gifts, health, jobs, subscriptions, users};
use crate::{observe, submit};
use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{MethodRouter, get, post};
use ipnet::IpNet;
use shared::domain::rate_limit::Limit;
use shared::queue::Queue;
use shared::queue::admission::Bounds;
use shared::queue::outcomes::Outcomes;
use shared::store::PgPool;
use shared::store::line::Line;
use shared::telemetry::Metrics;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What all requests share, in one place: a request costs one count of who holds it.
#[derive(Clone)]
pub struct App(Arc<Common>);

/// What all requests share.
pub struct Common {
    /// For what clients look up.
    pub pool: PgPool,
    /// For jobs.
    pub queue: Queue,
    /// For submissions.
    pub admissions: Admissions,
    /// For pages of subscriptions.
    pub pages: Pages,
    /// For requests that wait.
    pub outcomes: Outcomes,
    /// Of submissions.
    pub bounds: Bounds,
    /// How long a submission waits unless it says otherwise.
    pub response_wait: Duration,
    /// Whether API keys are needed.
    pub auth: AuthMode,
    /// Keys seen a moment ago.
    pub key_cache: KeyCache,
    /// Whose word on addresses is believed.
    pub trusted_proxies: Arc<[IpNet]>,
    /// Of this process.
    pub metrics: Metrics,
    /// Cancelled when the process is asked to stop.
    pub stop: CancellationToken,
}

impl Deref for App {
    type Target = Common;

    fn deref(&self) -> &Common {
        &self.0
    }
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        (pool, queue): (PgPool, Queue),
        settings: &Settings,
        limit: Option<Limit>,
        metrics: Metrics,
        stop: CancellationToken,
    ) -> Self {
        let bounds = Bounds { limit, depth_max: settings.queue_depth_max };
        Self(Arc::new(Common {
            admissions: calls::admissions(queue.clone(), bounds),
            pages: calls::pages(Line::new(pool.clone())),
            outcomes: Outcomes::subscribe(&queue, settings.waiters_max, stop.clone()),
            bounds,
            response_wait: Duration::from_millis(settings.response_wait_ms),
            auth: settings.api_auth,
            key_cache: KeyCache::default(),
            trusted_proxies: settings.trusted_proxies.clone().into(),
            pool,
            queue,
            metrics,
            stop,
        }))
    }

    /// Which path leads where.
    pub fn router(self) -> Router {
        let routes = Router::new()
            .route("/users", submission(requests::create_user))
            .route("/subscribe", submission(requests::subscribe))
            .route("/renew", submission(requests::renew))
            .route("/cancel", submission(requests::cancel))
            .route("/gift", submission(requests::gift))
            .route("/gift/redeem", submission(requests::redeem))
            .route("/users/{id}", get(users::get))
            .route("/subscriptions/{user_id}", get(subscriptions::list))
            .route("/gifts/{id}", get(gifts::get))
            .route("/jobs/{id}", get(jobs::get))
            .route("/health", get(health::health))
            .route("/metrics", get(health::metrics))
            .fallback(routes::not_found)
            .method_not_allowed_fallback(routes::method_not_allowed)
            .with_state(self);
        observe::observed(routes)
    }
}

fn submission(build: Build) -> MethodRouter<App> {
    post(move |State(app): State<App>, request: Request| submit::submit(app, build, request))
}
