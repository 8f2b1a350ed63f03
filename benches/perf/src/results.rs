//! What was measured, as `results.json` has it.

use crate::driver::{Recording, SLOT};
use crate::instructions::Instructions;
use crate::machine::{CpuTimes, Machine, Memory};
use crate::number::float;
use crate::spread::Spread;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// When it began, UTC.
    pub(crate) began: String,
    /// How it was called.
    pub(crate) command: String,
    /// Where.
    pub(crate) machine: Machine,
    /// CPU time that the host gave to others during the run, in percent of all.
    pub(crate) steal_percent: f64,
    /// Of each scenario, one sample a round.
    pub(crate) samples: BTreeMap<String, Vec<Sample>>,
    /// What `--long` found.
    pub(crate) long: crate::long::Long,
    /// What `--instructions` found.
    #[serde(default)]
    pub(crate) instructions: Vec<Instructions>,
}

/// One scenario in one round.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// How many operations were measured.
    pub(crate) operations: u64,
    /// For how long.
    pub(crate) seconds: f64,
    /// Operations a second.
    pub(crate) rate: f64,
    /// Their latencies; of an open loop, from when they were meant to be sent.
    pub(crate) latency: Option<Latency>,
    /// CPU time an operation, in microseconds, by component.
    pub(crate) cpu_us: BTreeMap<String, f64>,
    /// Resident memory by component, the largest of its processes.
    pub(crate) memory: BTreeMap<String, Memory>,
    /// Other figures, by name.
    pub(crate) figures: BTreeMap<String, f64>,
    /// Answers by HTTP status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Unexpected answers.
    pub(crate) errors: u64,
    /// The first of them: such a sample proves nothing.
    pub(crate) invalid: Option<String>,
    /// Every tenth of a second: answers, and their p99 in ms.
    pub(crate) timeline: Vec<(u64, f64)>,
    /// CPU time that processes which are not of this run used beside it, in percent of all.
    pub(crate) others_percent: f64,
    /// Steps a microsecond of the calibration before.
    pub(crate) calibration: f64,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// Half are faster.
    pub(crate) p50: f64,
    /// 95 % are faster.
    pub(crate) p95: f64,
    /// 99 % are faster.
    pub(crate) p99: f64,
    /// The slowest.
    pub(crate) max: f64,
}

impl Latency {
    /// Of a histogram in microseconds.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| float(histogram.value_at_quantile(quantile)) / 1000.0;
        let latency = || Self {
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: float(histogram.max()) / 1000.0,
        };
        (!histogram.is_empty()).then(latency)
    }
}

impl Sample {
    /// Of a run of the driver; `until_done` when it ended with its load.
    pub(crate) fn of(recording: &Recording, until_done: bool, cpu: &CpuTimes) -> Self {
        let seconds = recording.seconds(until_done);
        let slot =
            |slot: &Histogram<u64>| (slot.len(), float(slot.value_at_quantile(0.99)) / 1000.0);
        let slots = recording.slots.iter().map(slot).collect();
        let mut sample = Self {
            latency: Latency::of(&recording.latencies),
            statuses: recording.statuses.clone(),
            errors: recording.errors,
            invalid: recording.first_error.clone(),
            timeline: slots,
            ..Self::counted(recording.completed, seconds, cpu)
        };
        if sample.operations == 0 && sample.invalid.is_none() {
            sample.invalid = Some("not a single answer".to_owned());
        }
        sample
    }

    /// Of so many operations in so many seconds.
    pub(crate) fn counted(operations: u64, seconds: f64, cpu: &CpuTimes) -> Self {
        let each = |time: u64| float(time) / float(operations.max(1));
        Self {
            operations,
            seconds,
            rate: if seconds > 0.0 { float(operations) / seconds } else { 0.0 },
            cpu_us: cpu.iter().map(|(name, time)| (name.clone(), each(*time))).collect(),
            ..Self::default()
        }
    }

    /// CPU time an operation of all components, in microseconds.
    pub(crate) fn cpu_total_us(&self) -> f64 {
        self.cpu_us.values().sum()
    }
}

/// A slot of the timeline, in seconds.
pub(crate) fn slot_seconds() -> f64 {
    SLOT.as_secs_f64()
}

impl Results {
    /// The valid samples of a scenario.
    pub(crate) fn valid(&self, scenario: &str) -> impl Iterator<Item = &Sample> + Clone {
        let samples = self.samples.get(scenario).map(Vec::as_slice).unwrap_or_default();
        samples.iter().filter(|sample| sample.invalid.is_none())
    }

    /// One figure of a scenario over its rounds.
    pub(crate) fn spread(
        &self,
        scenario: &str,
        figure: impl Fn(&Sample) -> Option<f64>,
    ) -> Option<Spread> {
        Spread::of(self.valid(scenario).filter_map(figure))
    }

    /// Its rate over its rounds.
    pub(crate) fn rate(&self, scenario: &str) -> Option<Spread> {
        self.spread(scenario, |sample| Some(sample.rate))
    }

    /// A percentile of it, in ms, over its rounds.
    pub(crate) fn latency(
        &self,
        scenario: &str,
        percentile: impl Fn(&Latency) -> f64,
    ) -> Option<Spread> {
        self.spread(scenario, |sample| sample.latency.as_ref().map(&percentile))
    }
}
