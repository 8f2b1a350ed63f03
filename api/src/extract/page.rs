//! The parameters that all lists have.

use crate::api_error::ApiError;
use crate::extract::{decimal, invalid_parameter};

/// The most rows of a page, and the default.
const LIMIT_MAX: u32 = 100;

/// The most rows of a page.
pub(crate) fn page_limit(text: Option<&str>) -> Result<u32, ApiError> {
    let limit = text.map_or(Some(LIMIT_MAX), decimal);
    limit
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| invalid_parameter("limit", "must be an integer from 1 to 100"))
}

/// The id after which a page begins.
pub(crate) fn page_start(text: Option<&str>) -> Result<Option<i64>, ApiError> {
    place("starting_after", text)
}

/// The place in a list that the parameter of that name says.
pub(crate) fn place(name: &str, text: Option<&str>) -> Result<Option<i64>, ApiError> {
    let wrong = || invalid_parameter(name, "must be an integer");
    text.map(|text| position(text).ok_or_else(wrong)).transpose()
}

/// An id as a place among others: nothing has to have it, so any integer of 64 bits is one.
fn position(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text.parse().ok().filter(|_| decimal::<u64>(digits).is_some())
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn any_integer_is_a_place() {
        for (text, place) in [
            ("0", 0),
            ("7", 7),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(position(text), Some(place), "{text}");
        }
        for text in ["", "-", "x", "1.5", "+1", "01", "-01", "1 ", "9223372036854775808"] {
            assert_eq!(position(text), None, "{text}");
        }
    }
}
