//! The report in words and tables.

use super::row::Row;
use super::{costs, long_words, ratio_table};
use crate::number::shown;
use crate::results::{Latency, Results, Sample};
use crate::scenario;
use crate::spread::Spread;
use std::fmt::Write;

/// `report.md`, without its pictures.
pub(super) fn report(results: &Results, rows: &[Row]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut text, results, rows);
    text
}

fn write_all(text: &mut String, results: &Results, rows: &[Row]) -> std::fmt::Result {
    writeln!(text, "# Benchmark of {}\n", results.began)?;
    let machine = &results.machine;
    writeln!(
        text,
        "{} × {}, Linux {}; Postgres with `fsync` and `synchronous_commit`, Redis with \
         `appendfsync always`; the load generator shares the machine. `{}`\n",
        machine.cpus, machine.cpu, machine.kernel, results.command
    )?;
    writeln!(text, "## Ratios\n")?;
    ratio_table::write(text, rows)?;
    writeln!(text, "\n## All scenarios\n")?;
    writeln!(
        text,
        "Medians of the rounds, with the least and the most. Latencies in ms; those of an open \
         loop (`open-…`) count from when a request was meant to be sent.\n"
    )?;
    write_scenarios(text, results)?;
    costs::write(text, results)?;
    long_words::write(text, &results.long)?;
    writeln!(text, "\n## Noise\n")?;
    write_noise(text, results)
}

/// In the order in which they ran.
pub(super) fn in_order(results: &Results) -> Vec<String> {
    let known = scenario::all().into_iter().map(|scenario| scenario.name);
    known.filter(|name| results.samples.contains_key(name)).collect()
}

fn write_scenarios(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "| Scenario | a second | p50 | p95 | p99 | max | |")?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|---|")?;
    for name in in_order(results) {
        let cell =
            |spread: Option<Spread>| spread.map_or_else(|| "–".to_owned(), |s| s.to_string());
        let latency = |figure: fn(&Latency) -> f64| cell(results.latency(&name, figure));
        let samples = results.samples.get(&name).map(Vec::as_slice).unwrap_or_default();
        writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {} |",
            cell(results.rate(&name)),
            latency(|l| l.p50),
            latency(|l| l.p95),
            latency(|l| l.p99),
            latency(|l| l.max),
            remarks(samples)
        )?;
    }
    Ok(())
}

/// Less than this, in percent of all CPU time, goes on on every machine.
const OTHERS_PERCENT_SHOWN: f64 = 5.0;

fn remarks(samples: &[Sample]) -> String {
    let mut remarks: Vec<String> = samples
        .iter()
        .filter_map(|s| Some(format!("**invalid**, {} errors: {}", s.errors, s.invalid.as_ref()?)))
        .map(|remark| remark.replace(['|', '\n'], " "))
        .collect();
    let others = Spread::of(samples.iter().map(|sample| sample.others_percent));
    let others = others.filter(|others| others.max >= OTHERS_PERCENT_SHOWN);
    remarks
        .extend(others.map(|others| format!("others used up to {:.0} % of the CPUs", others.max)));
    let offered = Spread::of(samples.iter().filter_map(|s| s.figures.get("offered_rate").copied()));
    remarks.extend(offered.map(|offered| format!("offered {}", shown(offered.median))));
    remarks.join("; ")
}

fn write_noise(text: &mut String, results: &Results) -> std::fmt::Result {
    let all = || results.samples.values().flatten();
    let calibration = Spread::of(all().map(|sample| sample.calibration));
    let names = results.samples.keys();
    let widths = names.filter_map(|name| Some(results.rate(name)?.percent()));
    let width = Spread::of(widths);
    writeln!(
        text,
        "- Load average before the run: {}. CPU time that the host gave to others: {:.2} %.",
        results.machine.load_at_start, results.steal_percent
    )?;
    if let Some(calibration) = calibration {
        writeln!(
            text,
            "- A fixed calculation before each scenario: {calibration} steps a µs, a spread of \
             {:.0} %.",
            calibration.percent()
        )?;
    }
    if let Some(others) = Spread::of(all().map(|sample| sample.others_percent)) {
        writeln!(
            text,
            "- Other processes of the machine used {:.1} % of its CPU time beside the middle \
             scenario, and {:.1} % beside the worst.",
            others.median, others.max
        )?;
    }
    if let Some(width) = width {
        writeln!(
            text,
            "- Rates of the rounds lay apart by {:.0} % of their median for the middle scenario, \
             and by {:.0} % for the worst.",
            width.median, width.max
        )?;
    }
    Ok(())
}
