//! What was measured of a build, in tables.

use crate::number::{cell, shown};
use crate::results::{Figures, Latency, Sample, Samples};
use crate::scenario;
use crate::table::Table;
use std::collections::BTreeSet;

/// All of it.
pub(super) fn of_build(of: &str, samples: &Samples) -> String {
    let cpu = "In microseconds, medians. `load` is our load generator.";
    let other = "Medians. `cpu_us`: the sum of the table above, without our load generator. \
                 Memory in MiB. `others_percent`: what others of this machine, and of its host, \
                 used, in percent of a core. Instructions of api and worker an operation, by \
                 callgrind.";
    let cpu = by_name(&format!("CPU time an operation{of}"), cpu, samples, |one| &one.cpu_us);
    let other = by_name(&format!("Other figures{of}"), other, samples, |one| &one.figures);
    [scenarios(of, samples), cpu, other].iter().map(Table::markdown).collect()
}

/// In the order in which they ran.
pub(super) fn in_order(samples: &Samples) -> Vec<String> {
    let known = scenario::all().into_iter().map(|scenario| scenario.name);
    known.filter(|name| samples.0.contains_key(name)).collect()
}

fn scenarios(of: &str, samples: &Samples) -> Table {
    let words = "Medians of the rounds, with the least and the most. Latencies in ms; those of an \
                 open loop (`open-…`) count from when a request was meant to be sent.";
    let head = ["Scenario", "a second", "p50", "p95", "p99", "max", "invalid"];
    let mut table = Table::new(&format!("Scenarios{of}"), words, &head);
    for name in in_order(samples) {
        let rate = cell(samples.spread(&name, |sample| Some(sample.rate)));
        let latencies: [fn(Latency) -> f64; 4] = [|l| l.p50, |l| l.p95, |l| l.p99, |l| l.max];
        let latencies = latencies.map(|of| cell(samples.spread(&name, |one| one.latency.map(of))));
        let invalid = samples.0.get(&name).into_iter().flatten();
        let invalid =
            invalid.filter_map(|one| Some(format!("{}: {}", one.errors, one.invalid.as_ref()?)));
        let invalid = invalid.collect::<Vec<_>>().join("; ");
        table.row([name, rate].into_iter().chain(latencies).chain([invalid]));
    }
    table
}

/// A column for each figure that any scenario has.
fn by_name(title: &str, words: &str, all: &Samples, figures: fn(&Sample) -> &Figures) -> Table {
    let names = in_order(all);
    let samples = names.iter().flat_map(|name| all.valid(name));
    let columns: BTreeSet<&str> =
        samples.flat_map(|sample| figures(sample).keys().map(String::as_str)).collect();
    let head: Vec<&str> = ["Scenario"].into_iter().chain(columns.iter().copied()).collect();
    let mut table = Table::new(title, words, &head);
    for name in &names {
        let median = |column: &&str| {
            let spread = all.spread(name, |sample| figures(sample).get(*column).copied());
            spread.map_or_else(String::new, |spread| shown(spread.median))
        };
        table.row(std::iter::once(name.clone()).chain(columns.iter().map(median)));
    }
    table
}
