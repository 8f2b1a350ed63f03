//! The table of ratios: how the product stands to its targets.

use super::recorded;
use crate::number::ratio;
use crate::results::Results;

/// A ratio to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// This, or more.
    AtLeast(f64),
    /// This, or less.
    AtMost(f64),
    /// None: for information.
    None,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// What is measured.
    pub(super) measure: &'static str,
    /// Ours.
    pub(super) ours: Option<f64>,
    /// What it is compared with.
    pub(super) reference: Option<f64>,
    /// What that is.
    pub(super) of: &'static str,
    /// What is to be reached.
    pub(super) target: Target,
    /// Whether the reference was recorded at another time.
    pub(super) recorded: bool,
}

impl Row {
    /// Ours over the reference.
    pub(super) fn ratio(&self) -> Option<f64> {
        ratio(self.ours?, self.reference?)
    }

    /// Whether the target is met, if there is one and all was measured.
    pub(super) fn is_met(&self) -> Option<bool> {
        let ratio = self.ratio()?;
        match self.target {
            Target::AtLeast(least) => Some(ratio >= least),
            Target::AtMost(most) => Some(ratio <= most),
            Target::None => None,
        }
    }
}

/// All rows, in the order of the issue.
pub(super) fn rows(results: &Results) -> Vec<Row> {
    let mut rows = throughput(results);
    rows.extend(latency(results));
    rows.extend(other_requests(results));
    rows.extend(queue(results));
    rows.extend(resources(results));
    rows.extend(growth(results));
    rows
}

fn measured(
    measure: &'static str,
    ours: Option<f64>,
    (of, reference): (&'static str, Option<f64>),
    target: Target,
) -> Row {
    Row { measure, ours, reference, of, target, recorded: false }
}

fn recorded(
    measure: &'static str,
    ours: Option<f64>,
    (of, reference): (&'static str, f64),
    target: Target,
) -> Row {
    Row { measure, ours, reference: Some(reference), of, target, recorded: true }
}

fn throughput(results: &Results) -> Vec<Row> {
    let rate = |name: &str| results.rate(name).map(|spread| spread.median);
    let measure = "subscribe, 64 clients, a second";
    let ours = rate("subscribe-64");
    let sync = ["sync-1", "sync-16", "sync-64"].iter().filter_map(|name| rate(name));
    let sync = sync.max_by(f64::total_cmp);
    let best = |prefix: &str| {
        let all = results.samples.keys().filter(|name| name.starts_with(prefix));
        all.filter_map(|name| rate(name)).max_by(f64::total_cmp)
    };
    let original = ("the original's best", recorded::SUBSCRIBE_BEST);
    vec![
        recorded(measure, ours, original, Target::AtLeast(5.0)),
        measured(measure, ours, ("the synchronous path's best", sync), Target::None),
        measured(
            measure,
            ours,
            ("pgbench, one statement, 64 clients", rate("pgbench-one-64")),
            Target::AtLeast(1.0),
        ),
        measured(
            measure,
            ours,
            ("pgbench, separate statements, 64 clients", rate("pgbench-separate-64")),
            Target::None,
        ),
        measured(
            measure,
            ours,
            ("pgbench, the original's smaller write, 64 clients", rate("pgbench-original-64")),
            Target::None,
        ),
        recorded(
            "subscribe, best at any clients, a second",
            best("subscribe-"),
            ("ceiling by arithmetic", recorded::CEILING),
            Target::None,
        ),
        measured(
            "two workers, 64 clients, a second",
            rate("workers-2-64"),
            ("one worker", ours),
            Target::None,
        ),
        measured(
            "three workers, 256 clients, a second",
            rate("workers-3-256"),
            ("one worker", rate("subscribe-256")),
            Target::None,
        ),
    ]
}

fn latency(results: &Results) -> Vec<Row> {
    let p50 = |name: &str| results.latency(name, |l| l.p50).map(|spread| spread.median);
    let measure = "subscribe, 1 client, p50 in ms";
    let lone = p50("subscribe-1");
    let tail = results.latency("open-70", |l| l.p99).map(|spread| spread.median);
    let original = ("the original's", recorded::SUBSCRIBE_1_P50);
    vec![
        recorded(measure, lone, original, Target::AtMost(1.5)),
        measured(measure, lone, ("the synchronous path's", p50("sync-1")), Target::AtMost(1.5)),
        measured(measure, lone, ("a bare commit's", p50("pgbench-commit-1")), Target::None),
        measured(
            "subscribe at 70 % of saturation, open loop, p99 in ms",
            tail,
            ("p50 of a lone write", lone),
            Target::AtMost(20.0),
        ),
    ]
}

fn other_requests(results: &Results) -> Vec<Row> {
    let rate = |name: &str| results.rate(name).map(|spread| spread.median);
    let mixed = "mixed commands, 64 clients, a second";
    let (replay, replays) = ("replay, 16 clients, a second", rate("replay-16"));
    let (read, reads) = ("GET /subscriptions/{id}, 16 clients, a second", rate("read-16"));
    let tail = results.latency("read-16", |l| l.p99).map(|spread| spread.median);
    let echo = ("bare echo, 16 clients", rate("echo-16"));
    vec![
        measured(
            mixed,
            rate("mixed-64"),
            ("subscribe alone", rate("subscribe-64")),
            Target::AtLeast(0.8),
        ),
        measured(replay, replays, echo, Target::AtLeast(0.35)),
        recorded(replay, replays, ("the original's", recorded::REPLAY_16), Target::None),
        recorded(
            read,
            reads,
            ("the repaired original's", recorded::READ_16_REPAIRED),
            Target::AtLeast(1.5),
        ),
        measured(read, reads, ("the synchronous path's", rate("sync-read-16")), Target::None),
        recorded(
            "GET /subscriptions/{id}, 16 clients, p99 in ms",
            tail,
            ("the original's", recorded::READ_16_P99),
            Target::AtMost(0.1),
        ),
    ]
}

fn queue(results: &Results) -> Vec<Row> {
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

fn resources(results: &Results) -> Vec<Row> {
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

fn growth(results: &Results) -> Vec<Row> {
    let long = &results.long;
    let cost = |at: usize| Some(long.growth.get(at)?.sample.cpu_total_us());
    // The first tenth still fills up what a second's memory of answers takes.
    let early = long.redis.get(long.redis.len() / 4).map(|(_, mib)| *mib);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Sample;

    #[test]
    fn ratios_meet_their_targets_or_not() {
        let mut results = Results::default();
        let mut add = |name: &str, rate| {
            let sample = Sample { rate, ..Sample::default() };
            results.samples.insert(name.to_owned(), vec![sample]);
        };
        add("subscribe-64", 10_000.0);
        add("pgbench-one-64", 12_000.0);
        add("mixed-64", 9_000.0);
        let rows = rows(&results);
        let met = |of: &str| rows.iter().find(|row| row.of.contains(of)).unwrap().is_met();
        assert_eq!(met("original's best"), Some(true));
        assert_eq!(met("one statement"), Some(false));
        assert_eq!(met("subscribe alone"), Some(true));
        assert_eq!(met("synchronous path's best"), None);
    }

    #[test]
    fn invalid_samples_prove_nothing() {
        let mut results = Results::default();
        let sample = Sample { rate: 1e6, invalid: Some("500".to_owned()), ..Sample::default() };
        results.samples.insert("subscribe-64".to_owned(), vec![sample]);
        assert!(rows(&results).iter().all(|row| row.is_met().is_none()));
    }
}
