//! This run beside another.

use crate::number::{ratio, shown};
use crate::results::Results;
use std::fmt::Write;

/// New over old, of each scenario that both have.
pub(super) fn table(old: &Results, new: &Results) -> String {
    let mut text = format!(
        "\n## Compared with the run of {}\n\nNew over old; above 1 the new rate, latency or CPU \
         time is greater.\n\n\
         | Scenario | Rate, old | new | ratio | p50 ratio | p99 ratio | CPU ratio |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
        old.began
    );
    for name in new.samples.keys() {
        let (Some(before), Some(after)) = (old.rate(name), new.rate(name)) else { continue };
        let cell = |after: Option<f64>, before: Option<f64>| {
            let both = after.zip(before).and_then(|(after, before)| ratio(after, before));
            both.map_or_else(|| "–".to_owned(), shown)
        };
        let latency = |percentile: fn(&crate::results::Latency) -> f64| {
            let of = |results: &Results| results.latency(name, percentile).map(|s| s.median);
            cell(of(new), of(old))
        };
        let cpu = |results: &Results| {
            results.spread(name, |sample| Some(sample.cpu_total_us())).map(|s| s.median)
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {name} | {before} | {after} | {} | {} | {} | {} |",
            cell(Some(after.median), Some(before.median)),
            latency(|l| l.p50),
            latency(|l| l.p99),
            cell(cpu(new), cpu(old))
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Sample;

    #[test]
    fn only_what_both_have_is_compared() {
        let with = |name: &str, rate| {
            let mut results = Results::default();
            let sample = Sample { rate, ..Sample::default() };
            results.samples.insert(name.to_owned(), vec![sample]);
            results
        };
        let text = table(&with("a", 100.0), &with("a", 150.0));
        assert!(text.contains("| a | 100 | 150 | 1.50 |"), "{text}");
        assert!(!table(&with("a", 1.0), &with("b", 1.0)).contains("| b |"));
    }
}
