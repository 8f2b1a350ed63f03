//! The ratios of what lies behind the requests: queue, memory, growth.

use super::row::{Row, Target, measured};
use crate::results::Results;
use crate::spread::Spread;

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
    // What a second's memory of answers takes goes with the rate, which moves: medians, and not the one
    // look before the first command.
    let looks: Vec<f64> = long.redis.iter().skip(1).map(|(_, mib)| *mib).collect();
    let quarter = looks.len().div_ceil(4);
    let median = |looks: &[f64]| Some(Spread::of(looks.iter().copied())?.median);
    let early = looks.get(..quarter).and_then(median);
    let late = looks.get(looks.len() - quarter..).and_then(median);
    // A sweep that did not end proves nothing.
    let swept = long.sweep.as_ref().filter(|sweep| sweep.invalid.is_none());
    let slowest = swept.map(|sweep| sweep.longest_gap_ms);
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
            "Redis over the last quarter of the commands, MiB",
            late,
            ("over the first quarter", early),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::long::Sweep;

    fn met(results: &Results, of: &str) -> Option<bool> {
        growth(results).iter().find(|row| row.measure.contains(of)).unwrap().is_met()
    }

    #[test]
    fn memory_that_grows_is_noticed_and_one_high_look_is_not() {
        let redis = |mib: fn(u8) -> f64| {
            let mut results = Results::default();
            results.long.redis = (0..=20).map(|n| (u64::from(n) * 50_000, mib(n))).collect();
            met(&results, "Redis")
        };
        assert_eq!(redis(|n| if n == 20 { 9.0 } else { 5.0 }), Some(true));
        assert_eq!(redis(|n| 5.0 + f64::from(n) / 10.0), Some(false));
        assert_eq!(redis(|n| f64::from(n.min(1)) * 5.0), Some(true), "empty at first");
    }

    #[test]
    fn a_sweep_that_did_not_end_proves_nothing() {
        let mut results = Results::default();
        results.long.sweep = Some(Sweep::default());
        assert_eq!(met(&results, "sweep"), Some(true));
        let invalid = Some("838000 rows are due after 120s".to_owned());
        results.long.sweep = Some(Sweep { invalid, ..Sweep::default() });
        assert_eq!(met(&results, "sweep"), None);
    }
}
