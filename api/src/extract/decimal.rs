//! Numbers in paths and queries.

use std::str::FromStr;

/// The integer that `text` writes in plain decimal digits. A sign or a leading zero is not plain,
/// so that each number has one spelling.
pub(crate) fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    let is_padded = text.len() > 1 && text.starts_with('0');
    text.parse().ok().filter(|_| is_plain && !is_padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        for (text, number) in [("0", 0), ("7", 7), ("30", 30), ("4294967295", u32::MAX)] {
            assert_eq!(decimal(text), Some(number));
        }
        for text in ["", "+1", "-1", "01", "00", " 1", "1 ", "1.0", "1e3", "٣", "4294967296"] {
            assert_eq!(decimal::<u32>(text), None, "{text}");
        }
    }
}
