//! The table of ratios: how the product stands to its targets.

use super::limits;
use super::recorded as original;
use super::row::{Row, Target, measured, recorded};
use crate::results::Results;

/// What the original would do today ([`original::subscribe_best_today`] and the like).
const TODAY: &str = "the same, as fast as its statements are in pgbench now";

/// All rows, in the order of the issue.
pub(super) fn rows(results: &Results) -> Vec<Row> {
    let mut rows = throughput(results);
    rows.extend(workers(results));
    rows.extend(latency(results));
    rows.extend(other_requests(results));
    rows.extend(limits::queue(results));
    rows.extend(limits::resources(results));
    rows.extend(limits::growth(results));
    rows
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
    let original = ("the original's best", original::SUBSCRIBE_BEST);
    let today = rate("pgbench-original-separate-64").map(original::subscribe_best_today);
    vec![
        recorded(measure, ours, original, Target::AtLeast(5.0)),
        measured(measure, ours, (TODAY, today), Target::AtLeast(5.0)),
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
            ("ceiling by arithmetic", original::CEILING),
            Target::None,
        ),
    ]
}

fn workers(results: &Results) -> Vec<Row> {
    let rate = |name: &str| results.rate(name).map(|spread| spread.median);
    let distant = |measure: &'static str, name: &str| {
        measured(measure, rate(name), ("one", rate("distant-1-256")), Target::AtLeast(1.0))
    };
    vec![
        measured(
            "two workers, 64 clients, a second",
            rate("workers-2-64"),
            ("one worker", rate("subscribe-64")),
            Target::None,
        ),
        measured(
            "three workers, 256 clients, a second",
            rate("workers-3-256"),
            ("one worker", rate("subscribe-256")),
            Target::None,
        ),
        distant("Postgres elsewhere, two small workers, 256 clients, a second", "distant-2-256"),
        distant("Postgres elsewhere, four small workers, 256 clients, a second", "distant-4-256"),
        distant("Postgres elsewhere, eight small workers, 256 clients, a second", "distant-8-256"),
    ]
}

fn latency(results: &Results) -> Vec<Row> {
    let p50 = |name: &str| results.latency(name, |l| l.p50).map(|spread| spread.median);
    let measure = "subscribe, 1 client, p50 in ms";
    let lone = p50("subscribe-1");
    let tail = results.latency("open-70", |l| l.p99).map(|spread| spread.median);
    let original = ("the original's", original::SUBSCRIBE_1_P50);
    let today = p50("pgbench-original-separate-1").map(original::subscribe_1_p50_today);
    vec![
        recorded(measure, lone, original, Target::AtMost(1.5)),
        measured(measure, lone, (TODAY, today), Target::AtMost(1.5)),
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
        recorded(replay, replays, ("the original's", original::REPLAY_16), Target::None),
        recorded(
            read,
            reads,
            ("the repaired original's", original::READ_16_REPAIRED),
            Target::AtLeast(1.5),
        ),
        measured(read, reads, ("the synchronous path's", rate("sync-read-16")), Target::None),
        recorded(
            "GET /subscriptions/{id}, 16 clients, p99 in ms",
            tail,
            ("the original's", original::READ_16_P99),
            Target::AtMost(0.1),
        ),
    ]
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
