//! The state that all requests share.

use crate::acceptances::Acceptances;
use crate::coalesce::{self, Admissions, Pages};
use crate::extract::LargeBodies;
use crate::failed_authentications::FailedAuthentications;
use crate::key_cache::KeyCache;
use crate::settings::{AuthMode, Settings};
use crate::webhook_signature::WebhookSecrets;
use chrono::TimeDelta;
use domain::RateLimit;
use ipnet::IpNet;
use queue::{Outcomes, Queue};
use runtime::JobKeyring;
use runtime::settings::PaymentsSetting;
use runtime::telemetry::Metrics;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use store::Database;
use tokio_util::sync::CancellationToken;

/// The state that all requests share. Each request clones it, which costs one reference count.
#[derive(Clone)]
pub struct ApiState(Arc<Shared>);

/// The parts of the state.
pub struct Shared {
    /// The handle on Postgres, for reads.
    pub(crate) database: Database,
    /// The handle on Redis, for jobs.
    pub(crate) queue: Queue,
    /// The keys that jobs are signed with.
    pub(crate) job_keyring: JobKeyring,
    /// The coalescer of submissions.
    pub(crate) admissions: Admissions,
    /// The way to the table of jobs whose 202 was sent.
    pub(crate) acceptances: Acceptances,
    /// The coalescer of reads of pages of subscriptions.
    pub(crate) pages: Pages,
    /// The outcomes that requests wait for.
    pub(crate) outcomes: Outcomes,
    /// The rate limit of every client that has none of its own.
    pub(crate) rate_limit: RateLimit,
    /// The time that a submission waits unless its `Prefer` header says otherwise.
    pub(crate) response_wait: Duration,
    /// The time that it waits in all if its command is decided and waits for an effect.
    pub(crate) payment_wait: Duration,
    /// The places for large bodies.
    pub(crate) large_bodies: LargeBodies,
    /// Who takes payments of live clients.
    pub(crate) payments: PaymentsSetting,
    /// The time for which a new gift can be redeemed.
    pub(crate) gift_ttl: TimeDelta,
    /// What the webhooks of providers are signed with.
    pub(crate) webhook_secrets: WebhookSecrets,
    /// Whether API keys are needed.
    pub(crate) auth: AuthMode,
    /// The cache of valid API keys.
    pub(crate) key_cache: KeyCache,
    /// The failed authentications of the last minute.
    pub(crate) failed_authentications: FailedAuthentications,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` are trusted.
    pub(crate) trusted_proxies: Arc<[IpNet]>,
    /// The metrics of this process.
    pub(crate) metrics: Metrics,
    /// The token that is cancelled when the process is asked to stop.
    pub(crate) stop: CancellationToken,
}

impl Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl ApiState {
    /// Makes the state from the services and the settings.
    #[must_use]
    pub fn new(
        (database, queue, job_keyring): (Database, Queue, JobKeyring),
        settings: &Settings,
        rate_limit: RateLimit,
        metrics: Metrics,
        stop: CancellationToken,
    ) -> Self {
        tokio::spawn(job_keyring.clone().keep_fresh(stop.clone()));
        // No more jobs can wait in Redis.
        let unnoted_max = usize::try_from(settings.queue_depth_max).unwrap_or(usize::MAX);
        Self(Arc::new(Shared {
            admissions: coalesce::admissions(queue.clone(), settings.queue_depth_max),
            acceptances: Acceptances::new(database.clone(), unnoted_max, stop.clone()),
            pages: coalesce::pages(database.clone()),
            outcomes: Outcomes::subscribe(&queue, settings.waiters_max, stop.clone()),
            rate_limit,
            response_wait: Duration::from_millis(settings.response_wait_ms),
            payment_wait: Duration::from_millis(settings.payment_wait_ms),
            large_bodies: LargeBodies::default(),
            payments: settings.selling.payments,
            gift_ttl: TimeDelta::days(settings.gift_ttl_days.into()),
            webhook_secrets: WebhookSecrets::of(settings),
            auth: settings.api_auth,
            key_cache: KeyCache::new(database.clone()),
            failed_authentications: FailedAuthentications::default(),
            trusted_proxies: settings.trusted_proxies.clone().into(),
            database,
            queue,
            job_keyring,
            metrics,
            stop,
        }))
    }
}
