//! What a test measured, and what was expected of it.

use std::time::Duration;

use crate::client::Call;

/// One request of a test.
pub(crate) struct Sample {
    pub(crate) latency: Duration,
    /// Why it does not count as a success.
    pub(crate) fault: Option<String>,
}

impl Sample {
    /// A success is a call answered with `status`.
    pub(crate) fn of(call: &Call, status: u16) -> Self {
        Self { latency: call.latency, fault: call.fault(status) }
    }

    /// A success must also meet a further condition.
    pub(crate) fn and(mut self, condition: bool, otherwise: &str) -> Self {
        if !condition && self.fault.is_none() {
            self.fault = Some(otherwise.to_owned());
        }
        self
    }
}

/// An expectation, in words.
pub(crate) struct Check {
    pub(crate) holds: bool,
    pub(crate) text: String,
    /// What was seen instead.
    pub(crate) faults: Vec<String>,
}

/// A finished test.
pub(crate) struct Outcome {
    pub(crate) title: &'static str,
    pub(crate) samples: Vec<Sample>,
    pub(crate) wall: Duration,
    /// How much of `wall` went by in waiting for the rate limit.
    pub(crate) waited: Duration,
    pub(crate) checks: Vec<Check>,
    pub(crate) notes: Vec<String>,
}

impl Outcome {
    pub(crate) fn new(title: &'static str) -> Self {
        let (wall, waited) = (Duration::ZERO, Duration::ZERO);
        Self { title, samples: vec![], wall, waited, checks: vec![], notes: vec![] }
    }

    pub(crate) fn ok(&self) -> usize {
        self.samples.iter().filter(|sample| sample.fault.is_none()).count()
    }

    pub(crate) fn is_as_expected(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }

    /// Expects `planned` successes: a request that could not even be sent is missed as well.
    pub(crate) fn expect_successes(&mut self, planned: usize, what: &str) {
        let ok = self.ok();
        let faults = distinct(self.samples.iter().filter_map(|sample| sample.fault.as_deref()));
        let text = format!("{ok} of {planned} {what}");
        self.checks.push(Check { holds: ok == planned, text, faults });
    }

    pub(crate) fn expect(&mut self, holds: bool, text: impl Into<String>) {
        self.checks.push(Check { holds, text: text.into(), faults: Vec::new() });
    }
}

/// The first few different texts; a thousand equal lines help nobody.
pub(crate) fn distinct<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    const SHOWN_MAX: usize = 3;
    let mut shown: Vec<String> = Vec::new();
    for text in texts {
        if shown.len() < SHOWN_MAX && !shown.iter().any(|one| one == text) {
            shown.push(text.to_owned());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(faults: &[Option<&str>]) -> Outcome {
        let sample = |fault: Option<&str>| Sample {
            latency: Duration::ZERO,
            fault: fault.map(ToOwned::to_owned),
        };
        Outcome { samples: faults.iter().copied().map(sample).collect(), ..Outcome::new("test") }
    }

    #[test]
    fn request_that_was_never_sent_is_missed() {
        let mut outcome = outcome(&[None, None]);
        outcome.expect_successes(2, "answered");
        assert!(outcome.is_as_expected());
        outcome.expect_successes(3, "answered");
        assert!(!outcome.is_as_expected());
    }

    #[test]
    fn equal_faults_are_shown_once_and_no_more_than_three() {
        let mut outcome = outcome(&[Some("a"), Some("a"), Some("b"), Some("c"), Some("d")]);
        outcome.expect_successes(5, "answered");
        assert_eq!(outcome.checks[0].faults, ["a", "b", "c"]);
    }
}
