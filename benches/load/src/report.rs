//! The report: one table, the notes, and the expectations in words.

use std::io::{self, Write};
use std::time::Duration;

use crate::outcome::Outcome;
use crate::stats::{milliseconds, per_mille, percentile, rate};

/// Prints the report of the tests that ran to their end.
pub(crate) fn print(out: &mut impl Write, outcomes: &[Outcome]) -> io::Result<()> {
    if outcomes.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(
        out,
        "{:<18} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "test", "requests", "ok", "success", "P50 ms", "P95 ms", "P99 ms", "req/s"
    )?;
    writeln!(out, "{}", "-".repeat(83))?;
    for outcome in outcomes {
        print_row(out, outcome)?;
    }
    writeln!(out)?;
    for outcome in outcomes {
        if !outcome.waited.is_zero() {
            let seconds = outcome.waited.as_secs();
            writeln!(
                out,
                "{}: no req/s, for {seconds} s were spent waiting for the rate limit",
                outcome.title
            )?;
        }
        for note in &outcome.notes {
            writeln!(out, "{}: {note}", outcome.title)?;
        }
    }
    for outcome in outcomes {
        for check in &outcome.checks {
            let mark = if check.holds { '✓' } else { '✗' };
            writeln!(out, "{mark} {}: {}", outcome.title, check.text)?;
            for fault in &check.faults {
                writeln!(out, "    {fault}")?;
            }
        }
    }
    out.flush()
}

fn print_row(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let mut latencies: Vec<Duration> = outcome.samples.iter().map(|one| one.latency).collect();
    latencies.sort_unstable();
    let cell = |percent| match percentile(&latencies, percent) {
        Some(value) => format!("{:.2}", milliseconds(value)),
        None => "-".to_owned(),
    };
    // A rate over time spent waiting for the rate limit would say nothing about the api.
    let rate = rate(latencies.len(), outcome.wall).filter(|_| outcome.waited.is_zero());
    let success = per_mille(outcome.ok(), latencies.len());
    writeln!(
        out,
        "{:<18} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9} {:>8}",
        outcome.title,
        latencies.len(),
        outcome.ok(),
        format!("{}.{} %", success / 10, success % 10),
        cell(50),
        cell(95),
        cell(99),
        rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Check, Sample};

    fn printed(waited: Duration) -> String {
        let sample = |ms, fault| Sample { latency: Duration::from_millis(ms), fault };
        let check = |holds, text: &str, faults| Check { holds, text: text.to_owned(), faults };
        let outcome = Outcome {
            title: "1 health",
            samples: vec![sample(3, None), sample(1, Some("late".to_owned())), sample(2, None)],
            wall: Duration::from_millis(30),
            waited,
            checks: vec![
                check(true, "it is up", vec![]),
                check(false, "2 of 3 answered", vec!["late".to_owned()]),
            ],
            notes: vec!["a note".to_owned()],
        };
        let mut out = Vec::new();
        print(&mut out, &[outcome]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn report_has_the_row_the_note_and_the_marks() {
        let text = printed(Duration::ZERO);
        let row = text.lines().find(|line| line.starts_with("1 health ")).unwrap();
        let cells: Vec<_> = row.split_whitespace().skip(2).collect();
        assert_eq!(cells, ["3", "2", "66.6", "%", "2.00", "3.00", "3.00", "100"]);
        assert!(text.contains("1 health: a note\n"));
        assert!(text.contains("✓ 1 health: it is up\n"));
        assert!(text.contains("✗ 1 health: 2 of 3 answered\n    late\n"));
    }

    #[test]
    fn no_rate_is_shown_for_time_spent_waiting() {
        let text = printed(Duration::from_secs(6));
        assert!(text.contains("1 health: no req/s, for 6 s were spent waiting"));
        let row = text.lines().find(|line| line.starts_with("1 health ")).unwrap();
        assert!(row.ends_with(" -"), "{row}");
    }
}
