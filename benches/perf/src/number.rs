//! Figures: from counts to quantities, over several rounds, and as they are shown.

use std::fmt;

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// `part` of `whole`; `None` of nothing.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// A figure in three or four digits.
pub(crate) fn shown(value: f64) -> String {
    let digits = if value >= 100.0 { 0 } else { 3 - usize::from(value >= 10.0) * 2 };
    format!("{value:.digits$}")
}

/// A figure, or a dash where there is none.
pub(crate) fn cell<T: fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// A figure over several rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of those values; `None` of none.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let lower = values.get(values.len().checked_sub(1)? / 2)?;
        let median = f64::midpoint(*lower, *values.get(values.len() / 2)?);
        Some(Self { median, min: *values.first()?, max: *values.last()? })
    }
}

/// The medians of the first quarter of those values and of the last one; `None` of none.
pub(crate) fn early_and_late(values: &[f64]) -> Option<(f64, f64)> {
    let quarter = values.len().div_ceil(4);
    let early = Spread::of(values.iter().take(quarter).copied())?;
    let late = Spread::of(values.iter().rev().take(quarter).copied())?;
    Some((early.median, late.median))
}

/// `median (min–max)`
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(self.median))?;
        if self.max > self.min {
            write!(f, " ({}–{})", shown(self.min), shown(self.max))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_is_rounded_up() {
        assert_eq!(early_and_late(&[]), None);
        assert_eq!(early_and_late(&[7.0]), Some((7.0, 7.0)));
        assert_eq!(early_and_late(&[1.0, 3.0, 9.0, 9.0, 4.0, 6.0]), Some((2.0, 5.0)));
    }

    #[test]
    fn median_lies_between() {
        let shown = |values: &[f64]| cell(Spread::of(values.iter().copied()));
        assert_eq!(shown(&[3.0, 0.1, 200.4]), "3.000 (0.100–200)");
        assert_eq!((shown(&[1.0, 2.0]), shown(&[])), ("1.500 (1.000–2.000)".into(), "–".into()));
    }
}
