//! Figures of the original, which cannot be shipped and so not run again: recorded on 2026-11-24 on
//! two cores of an AMD EPYC with durable settings, wrk as the load generator, medians of three runs
//! (`shared/baseline.md`, section 1).

/// `POST /subscribe` a second, the best of the original at any concurrency (64 clients).
pub(super) const SUBSCRIBE_BEST: f64 = 1846.0;
/// p50 of `POST /subscribe` at one client, in ms.
pub(super) const SUBSCRIBE_1_P50: f64 = 1.26;
/// Replays a second at 16 clients.
pub(super) const REPLAY_16: f64 = 14_984.0;
/// `GET /subscriptions/{id}` a second at 16 clients, with its pool repaired.
pub(super) const READ_16_REPAIRED: f64 = 10_984.0;
/// p99 of `GET /subscriptions/{id}` at 16 clients, in ms, as it was shipped.
pub(super) const READ_16_P99: f64 = 307.0;
/// Where the baseline's arithmetic puts the ceiling of a batched pipeline, a second.
pub(super) const CEILING: f64 = 20_000.0;
