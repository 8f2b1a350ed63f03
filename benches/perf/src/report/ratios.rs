//! The table of ratios: how the product stands to its targets. Its rows are in `ratios.txt`.

use crate::number::{cell, ratio, shown};
use crate::results::Samples;
use crate::table::Table;
use anyhow::{Context, Result, bail};

const ROWS: &str = include_str!("../../ratios.txt");

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = ROWS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split('|').map(str::trim).collect())
}

/// The rows of which both figures were measured.
pub(super) fn table(samples: &Samples) -> Result<Table> {
    let words = "What is marked as recorded is of another day, on a machine like this one; all \
                 else is of this run. The synchronous path shares the Redis of the product, which \
                 syncs every write.";
    let head = ["Measure", "Ours", "Reference", "of", "Ratio", "Target", "Met"];
    let mut table = Table::new("Ratios", words, &head);
    for row in rows() {
        let [measure, ours, of, reference, target] = row[..] else {
            bail!("ratios.txt: not five parts: {row:?}")
        };
        let figures = figure(samples, ours)?.zip(figure(samples, reference)?);
        let Some((ours, reference)) = figures else { continue };
        let ratio = ratio(ours, reference);
        let met = ratio.map_or(Ok(None), |ratio| is_met(ratio, target))?;
        let met = met.map_or("", |met| if met { "yes" } else { "**no**" });
        let [ours, reference, ratio] =
            [Some(ours), Some(reference), ratio].map(|f| cell(f.map(shown)));
        table.row([measure, &ours, &reference, of, &ratio, target, met].map(ToOwned::to_owned));
    }
    Ok(table)
}

/// `None` if there is no target.
fn is_met(ratio: f64, target: &str) -> Result<Option<bool>> {
    Ok(match target.split_once(' ') {
        Some((">=", least)) => Some(ratio >= least.parse()?),
        Some(("<=", most)) => Some(ratio <= most.parse()?),
        _ if target.is_empty() => None,
        _ => bail!("ratios.txt: no target: {target}"),
    })
}

/// `None` if it was not measured.
fn figure(samples: &Samples, text: &str) -> Result<Option<f64>> {
    let words: Vec<&str> = text.split(' ').collect();
    Ok(match words[..] {
        [number] => Some(number.parse().with_context(|| format!("ratios.txt: {text}"))?),
        [what, scenario] => measured(samples, what, scenario),
        [what, scenario, "*", factor] => {
            let factor: f64 = factor.parse()?;
            measured(samples, what, scenario).map(|figure| figure * factor)
        }
        _ => bail!("ratios.txt: no figure: {text}"),
    })
}

fn measured(samples: &Samples, what: &str, scenario: &str) -> Option<f64> {
    let rate = |name: &str| Some(samples.spread(name, |sample| Some(sample.rate))?.median);
    let spread = match what {
        "rate" => return rate(scenario),
        "best" => {
            let is_one = |name: &&String| name.starts_with(scenario) && !name.contains("read");
            return samples.0.keys().filter(is_one).filter_map(|name| rate(name)).reduce(f64::max);
        }
        "p50" => samples.spread(scenario, |sample| Some(sample.latency?.p50)),
        "p99" => samples.spread(scenario, |sample| Some(sample.latency?.p99)),
        "cpu" => samples.spread(scenario, |sample| Some(sample.cpu_servers_us())),
        other => samples.spread(scenario, |sample| sample.figures.get(other).copied()),
    }?;
    Some(if what.contains("peak") { spread.max } else { spread.median })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Sample;

    #[test]
    fn ratios_meet_their_targets_or_not_and_invalid_samples_prove_nothing() {
        let mut samples = Samples::default();
        let rates = [("subscribe-64", 10_000.0), ("pgbench-one-64", 12_000.0), ("mixed-64", 9e3)];
        for (name, rate) in rates {
            let invalid = (name == "mixed-64").then(|| "500".to_owned());
            let sample = Sample { rate, invalid, ..Sample::default() };
            samples.0.insert(name.to_owned(), vec![sample]);
        }
        let text = table(&samples).unwrap().markdown().replace("  ", "");
        let met = |of: &str| Some(text.lines().find(|line| line.contains(of))?.contains("yes"));
        assert_eq!(met("the original's best"), Some(true), "{text}");
        assert_eq!(met("pgbench, one statement"), Some(false));
        assert_eq!(met("subscribe alone"), None);
    }

    #[test]
    fn rows_name_scenarios_that_there_are() {
        let all = crate::scenario::all();
        for row in rows() {
            for figure in [row[1], row[3]] {
                let scenario = figure.split(' ').nth(1).unwrap_or_default();
                assert!(all.iter().any(|one| one.name.starts_with(scenario)), "{figure}");
            }
        }
    }
}
