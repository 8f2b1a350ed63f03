//! What was measured, as `results.json` has it.

use crate::driver::Recording;
use crate::machine::{BUSY, CpuTimes};
use crate::number::{Spread, float, ratio};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Figures by name.
pub(crate) type Figures = BTreeMap<String, f64>;

/// A whole run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// When it began, UTC, and how it was called.
    pub(crate) began: String,
    pub(crate) command: String,
    /// What was measured of this build, and beside it.
    pub(crate) samples: Samples,
    /// What was measured of the build that `--against` names.
    #[serde(default)]
    pub(crate) against: Option<Samples>,
}

/// Of each scenario, one sample a round.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Samples(pub(crate) BTreeMap<String, Vec<Sample>>);

/// One scenario in one round.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sample {
    /// How many operations were measured, and how many that is a second.
    pub(crate) operations: u64,
    pub(crate) rate: f64,
    /// Their latencies; of an open loop, from when they were meant to be sent.
    pub(crate) latency: Option<Latency>,
    /// CPU time an operation, in microseconds, by component.
    pub(crate) cpu_us: Figures,
    /// Other figures, by name.
    pub(crate) figures: Figures,
    /// Unexpected answers, and the first of them: such a sample proves nothing.
    pub(crate) errors: u64,
    pub(crate) invalid: Option<String>,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Latency {
    /// Of a histogram in microseconds.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| float(histogram.value_at_quantile(quantile)) / 1000.0;
        let (p50, p95, p99, max) = (at(0.5), at(0.95), at(0.99), at(1.0));
        (!histogram.is_empty()).then_some(Self { p50, p95, p99, max })
    }
}

impl Sample {
    /// Of a run of the driver; `until_done` when it ended with its load.
    pub(crate) fn of(recording: &Recording, until_done: bool, cpu: &CpuTimes) -> Self {
        let silent = (recording.completed == 0).then(|| "not a single answer".to_owned());
        Self {
            latency: Latency::of(&recording.latencies),
            errors: recording.errors,
            invalid: recording.first_error.clone().or(silent),
            ..Self::counted(recording.completed, recording.seconds(until_done), cpu)
        }
    }

    /// Of so many operations in so many seconds.
    pub(crate) fn counted(operations: u64, seconds: f64, cpu: &CpuTimes) -> Self {
        let ours = cpu.iter().filter(|(name, _)| **name != BUSY);
        let each = |(name, time): (&&str, &u64)| {
            ((*name).to_owned(), float(*time) / float(operations.max(1)))
        };
        let mut sample = Self {
            operations,
            rate: ratio(float(operations), seconds).unwrap_or_default(),
            cpu_us: ours.clone().map(each).collect(),
            ..Self::default()
        };
        let busy = cpu.get(BUSY).copied().unwrap_or_default();
        let others = busy.saturating_sub(ours.map(|(_, time)| time).sum());
        sample.note("others_percent", float(others) / (seconds.max(1e-3) * 1e4));
        sample.note("cpu_us", sample.cpu_servers_us());
        sample
    }

    /// CPU time an operation of all components but our load generator, in microseconds.
    pub(crate) fn cpu_servers_us(&self) -> f64 {
        let load = self.cpu_us.get("load").copied().unwrap_or_default();
        self.cpu_us.values().sum::<f64>() - load
    }

    pub(crate) fn note(&mut self, figure: &str, value: f64) {
        self.figures.insert(figure.to_owned(), value);
    }
}

impl Samples {
    /// The valid ones of a scenario.
    pub(crate) fn valid(&self, scenario: &str) -> impl Iterator<Item = &Sample> {
        let samples = self.0.get(scenario).into_iter().flatten();
        samples.filter(|sample| sample.invalid.is_none())
    }

    /// One figure of a scenario over its rounds.
    pub(crate) fn spread(
        &self,
        scenario: &str,
        figure: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Spread> {
        Spread::of(self.valid(scenario).filter_map(figure))
    }
}
