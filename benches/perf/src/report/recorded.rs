//! Figures of the original, which cannot be shipped and so not run again: recorded on 2026-11-24 on
//! two cores of an AMD EPYC with durable settings, wrk as the load generator, medians of three runs
//! (`shared/baseline.md`, section 1).

/// `POST /subscribe` a second, the best of the original at any concurrency (64 clients).
pub(super) const SUBSCRIBE_BEST: f64 = 1846.0;
/// p50 of `POST /subscribe` at one client, in ms.
pub(super) const SUBSCRIBE_1_P50: f64 = 1.26;
/// pgbench with the original's statements one by one, a second, at 64 clients (section 2 a0).
const STATEMENTS_64: f64 = 5133.0;
/// Their p50 at one client, in ms.
const STATEMENTS_1_P50: f64 = 0.52;

/// What [`SUBSCRIBE_BEST`] would be today, when pgbench does so many of the original's writes a second.
pub(super) fn subscribe_best_today(statements_64: f64) -> f64 {
    SUBSCRIBE_BEST * statements_64 / STATEMENTS_64
}

/// What [`SUBSCRIBE_1_P50`] would be today, when the original's write takes so long in pgbench, in ms.
pub(super) fn subscribe_1_p50_today(statements_1_p50: f64) -> f64 {
    SUBSCRIBE_1_P50 * statements_1_p50 / STATEMENTS_1_P50
}

/// Replays a second at 16 clients.
pub(super) const REPLAY_16: f64 = 14_984.0;
/// `GET /subscriptions/{id}` a second at 16 clients, with its pool repaired.
pub(super) const READ_16_REPAIRED: f64 = 10_984.0;
/// p99 of `GET /subscriptions/{id}` at 16 clients, in ms, as it was shipped.
pub(super) const READ_16_P99: f64 = 307.0;
/// Where the baseline's arithmetic puts the ceiling of a batched pipeline, a second.
pub(super) const CEILING: f64 = 20_000.0;
