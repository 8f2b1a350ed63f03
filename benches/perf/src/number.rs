//! From counts to quantities.

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// A quantity as a count; negative ones count nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to what fits"
)]
pub(crate) fn count(quantity: f64) -> u64 {
    quantity.clamp(0.0, 9e15) as u64
}

/// `part` of `whole`; `None` of nothing.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// A figure in three digits or so, with separators of thousands.
pub(crate) fn shown(value: f64) -> String {
    if value.abs() >= 1000.0 {
        return grouped(count(value.round()));
    }
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

/// A mark of an axis: no more digits than it needs.
pub(crate) fn axis(value: f64) -> String {
    if value.abs() >= 1000.0 {
        return shown(value);
    }
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits_or_more() {
        let texts = [0.1234, 12.34, 123.4, 1234.5, 1_234_567.0].map(shown);
        assert_eq!(texts, ["0.12", "12.3", "123", "1,235", "1,234,567"]);
    }

    #[test]
    fn marks_of_axes_are_short() {
        assert_eq!([0.5, 10.0, 0.0, 12_000.0].map(axis), ["0.5", "10", "0", "12,000"]);
    }

    #[test]
    fn nothing_has_no_parts() {
        assert_eq!(ratio(1.0, 0.0), None);
        assert_eq!(ratio(1.0, 4.0), Some(0.25));
    }
}
