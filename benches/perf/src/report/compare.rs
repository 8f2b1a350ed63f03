//! Two builds, or two runs, beside each other: new over old.

use super::tables::in_order;
use crate::number::{Spread, cell, ratio, shown};
use crate::results::{Results, Sample, Samples};
use crate::table::Table;

/// What a change that is to cost nothing may cost in the median of the rounds.
const CPU_RATIO_MAX: f64 = 1.03;
/// The rate that it has to keep, likewise: rates vary more.
const RATE_RATIO_MIN: f64 = 0.95;

type Figure = fn(&Sample) -> Option<f64>;

const RATE: Figure = |sample| Some(sample.rate);
const P50: Figure = |sample| Some(sample.latency?.p50);
const P99: Figure = |sample| Some(sample.latency?.p99);
const CPU: Figure = |sample| Some(sample.cpu_servers_us());
const API: Figure = |sample| sample.cpu_us.get("api").copied();
const WORKER: Figure = |sample| sample.cpu_us.get("worker").copied();
const INSTRUCTIONS: Figure = |sample| {
    let worker = sample.figures.get("instructions_worker")?;
    Some(worker + sample.figures.get("instructions_api").copied().unwrap_or_default())
};

/// Two builds that were measured by turns.
pub(super) fn by_turns(new: &Samples, old: &Samples) -> Table {
    let words = format!(
        "New over old, round by round: the median of the ratios, with the least and the most. CPU \
         time an operation is that of api, worker, Postgres and Redis together, and of api and \
         worker alone. Instructions an operation are counted once, of api and worker together. A \
         scenario holds if its CPU time is at most {CPU_RATIO_MAX} and its rate at least \
         {RATE_RATIO_MIN}."
    );
    let head =
        ["Scenario", "Rate", "p50", "CPU time", "api", "worker", "Instructions", "Rounds", "Holds"];
    let mut table = Table::new("New build against old build", &words, &head);
    for name in in_order(new) {
        let figures = [RATE, P50, CPU, API, WORKER, INSTRUCTIONS];
        let figures = figures.map(|figure| paired(new, old, &name, figure));
        let [rate, _, cpu, ..] = figures;
        let holds = rate.zip(cpu).map(|(rate, cpu)| {
            let holds = cpu.median <= CPU_RATIO_MAX && rate.median >= RATE_RATIO_MIN;
            if holds { "yes" } else { "**no**" }
        });
        let rounds = new.valid(&name).count().min(old.valid(&name).count()).to_string();
        let cells = figures.map(cell).into_iter().chain([rounds, cell(holds)]);
        table.row(std::iter::once(name.clone()).chain(cells));
    }
    table
}

/// The ratios of the rounds. A sample that is invalid on one side leaves its round out.
fn paired(new: &Samples, old: &Samples, name: &str, figure: Figure) -> Option<Spread> {
    let rounds = new.0.get(name)?.iter().zip(old.0.get(name)?);
    let valid = rounds.filter(|(new, old)| new.invalid.is_none() && old.invalid.is_none());
    Spread::of(valid.filter_map(|(new, old)| ratio(figure(new)?, figure(old)?)))
}

/// This run beside an earlier one: ratios of medians.
pub(super) fn with_earlier(earlier: &Results, new: &Samples) -> Table {
    let words = "New over old; above 1 the new rate, latency or CPU time is greater.";
    let head = ["Scenario", "Rate, old", "new", "ratio", "p50 ratio", "p99 ratio", "CPU ratio"];
    let mut table = Table::new(&format!("Compared with {}", earlier.began), words, &head);
    let old = &earlier.samples;
    for name in in_order(new).into_iter().filter(|name| old.valid(name).next().is_some()) {
        let rates = [old, new].map(|samples| cell(samples.spread(&name, RATE)));
        let ratios = [RATE, P50, P99, CPU].map(|figure| {
            let both = new.spread(&name, figure).zip(old.spread(&name, figure));
            cell(both.and_then(|(new, old)| ratio(new.median, old.median)).map(shown))
        });
        table.row(std::iter::once(name).chain(rates).chain(ratios));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drains(rates: &[f64]) -> Samples {
        let sample = |rate: &f64| {
            let cpu_us = [("api".to_owned(), 100.0), ("load".to_owned(), *rate)].into();
            Sample { rate: *rate, cpu_us, ..Sample::default() }
        };
        Samples([("drain".to_owned(), rates.iter().map(sample).collect())].into())
    }

    #[test]
    fn builds_are_compared_round_by_round_and_runs_by_their_medians() {
        let (new, mut old) = (drains(&[90.0, 220.0, 99.0]), drains(&[100.0; 3]));
        old.0.get_mut("drain").unwrap()[2].invalid = Some("500".to_owned());
        let last = |table: Table| table.markdown().lines().last().unwrap().replace(' ', "");
        let expected = "|drain|1.550(0.900–2.200)|–|1.000|1.000|–|–|2|yes|";
        assert_eq!(last(by_turns(&new, &old)), expected);
        let earlier = Results { samples: old, ..Results::default() };
        let expected = "|drain|100|99.0(90.0–220)|0.990|–|–|1.000|";
        assert_eq!(last(with_earlier(&earlier, &new)), expected);
        assert_eq!(with_earlier(&Results::default(), &new).markdown(), "");
    }
}
