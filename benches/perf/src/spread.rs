//! A figure over several rounds.

use crate::number::shown;
use std::fmt;

/// Its median, and between what it lay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// The median.
    pub(crate) median: f64,
    /// The least.
    pub(crate) min: f64,
    /// The most.
    pub(crate) max: f64,
}

impl Spread {
    /// Of those values; `None` of none.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(upper, *values.get(middle.checked_sub(1)?)?)
        } else {
            upper
        };
        Some(Self { median, min: *values.first()?, max: *values.last()? })
    }

    /// How far apart they lay, in percent of the median.
    pub(crate) fn percent(&self) -> f64 {
        if self.median > 0.0 { 100.0 * (self.max - self.min) / self.median } else { 0.0 }
    }
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
    fn median_lies_between() {
        let of = |values: &[f64]| Spread::of(values.iter().copied());
        let spread = of(&[3.0, 1.0, 2.0]).unwrap();
        assert_eq!(spread, Spread { median: 2.0, min: 1.0, max: 3.0 });
        assert!((of(&[1.0, 2.0]).unwrap().median - 1.5).abs() < 1e-9);
        assert_eq!(of(&[]), None);
        assert_eq!(spread.to_string(), "2.00 (1.00–3.00)");
        assert!((spread.percent() - 100.0).abs() < 1e-9);
    }
}
