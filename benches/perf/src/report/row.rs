//! A line of the table of ratios.

use crate::number::ratio;

/// A ratio to be reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// This, or more.
    AtLeast(f64),
    /// This, or less.
    AtMost(f64),
    /// None: for information.
    None,
}

/// A line of the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// What is measured.
    pub(super) measure: &'static str,
    /// Ours.
    pub(super) ours: Option<f64>,
    /// What it is compared with.
    pub(super) reference: Option<f64>,
    /// What that is.
    pub(super) of: &'static str,
    /// What is to be reached.
    pub(super) target: Target,
    /// Whether the reference was recorded at another time.
    pub(super) recorded: bool,
}

impl Row {
    /// Ours over the reference.
    pub(super) fn ratio(&self) -> Option<f64> {
        ratio(self.ours?, self.reference?)
    }

    /// Whether the target is met, if there is one and all was measured.
    pub(super) fn is_met(&self) -> Option<bool> {
        let ratio = self.ratio()?;
        match self.target {
            Target::AtLeast(least) => Some(ratio >= least),
            Target::AtMost(most) => Some(ratio <= most),
            Target::None => None,
        }
    }
}

/// A line about figures of this run.
pub(super) fn measured(
    measure: &'static str,
    ours: Option<f64>,
    (of, reference): (&'static str, Option<f64>),
    target: Target,
) -> Row {
    Row { measure, ours, reference, of, target, recorded: false }
}

/// A line about a figure of another day.
pub(super) fn recorded(
    measure: &'static str,
    ours: Option<f64>,
    (of, reference): (&'static str, f64),
    target: Target,
) -> Row {
    Row { measure, ours, reference: Some(reference), of, target, recorded: true }
}
