//! The ratios of what lies behind the requests: queue, memory, growth.

use super::row::{Row, Target, measured};
use crate::results::Results;

/// Accepting and draining.
pub(super) fn queue(results: &Results) -> Vec<Row> {
    let rate = |name: &str| results.rate(name).map(|spread| spread.median);
    let figure = |name: &str| {
        results.spread("drain", |s| s.figures.get(name).copied()).map(|spread| spread.median)
    };
    vec![
        measured(
            "accept only, workers stopped, a second",
            rate("accept-64"),
            ("bare echo, 64 clients", rate("echo-64")),
            Target::AtLeast(0.3),
        ),
        measured(
            "accept only, workers stopped, a second",
            rate("accept-64"),
            ("the admission script in redis-benchmark", rate("redis-script")),
            Target::None,
        ),
        measured(
            "drain of the jobs queued meanwhile, a second",
            rate("drain"),
            ("submit and wait, 64 clients", rate("subscribe-64")),
            Target::AtLeast(1.5),
        ),
        measured(
            "memory of the worker at the end of the drain, in MiB",
            figure("worker_mib_end"),
            ("at its begin", figure("worker_mib_begin")),
            Target::AtMost(1.2),
        ),
    ]
}

/// Memory and rest.
pub(super) fn resources(results: &Results) -> Vec<Row> {
    let peak = |name: &str| {
        let peak = results.spread("subscribe-64", |s| s.memory.get(name).map(|m| m.peak_mib));
        peak.map(|spread| spread.max)
    };
    let rest = results.spread("rest", |s| s.figures.get("percent_of_a_core").copied());
    let rest = rest.map(|spread| spread.median);
    let bound = ("64 MiB", Some(64.0));
    vec![
        measured("peak memory of the api, MiB", peak("api"), bound, Target::AtMost(1.0)),
        measured("peak memory of the worker, MiB", peak("worker"), bound, Target::AtMost(1.0)),
        measured("stack at rest, percent of a core", rest, ("1 %", Some(1.0)), Target::AtMost(1.0)),
    ]
}

/// What `--long` found.
pub(super) fn growth(results: &Results) -> Vec<Row> {
    let long = &results.long;
    let cost = |at: usize| Some(long.growth.get(at)?.sample.cpu_total_us());
    // In the first quarter it still fills up with what a second's memory of answers takes.
    let early = long.redis.get((long.redis.len() / 4).max(1)).map(|(_, mib)| *mib);
    let late = long.redis.last().map(|(_, mib)| *mib);
    let slowest = long.sweep.as_ref().map(|sweep| sweep.longest_gap_ms);
    let mut rows = Vec::new();
    if !long.growth.is_empty() {
        rows.push(measured(
            "CPU of a write in the grown database, µs",
            cost(1),
            ("in the small one", cost(0)),
            Target::AtMost(1.15),
        ));
    }
    if !long.redis.is_empty() {
        rows.push(measured(
            "Redis after all commands, MiB",
            late,
            ("after a quarter of them", early),
            Target::AtMost(1.2),
        ));
    }
    if long.sweep.is_some() {
        let bound = ("a second", Some(1000.0));
        let name = "longest time without an answer beside the sweep, ms";
        rows.push(measured(name, slowest, bound, Target::AtMost(1.0)));
    }
    rows
}
