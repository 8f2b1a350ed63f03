//! Calendar months, in UTC.

use crate::Instant;
use chrono::{Datelike, Months, SecondsFormat};

/// The last year that RFC 3339 can write.
const YEAR_MAX: i32 = 9999;
/// The last microsecond of that year, counted from 1970.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// `months` calendar months after `anchor`: the same day and time of day, or the month's last day
/// where the month is shorter.
///
/// Always count from the *first* start with the *total* of months. Adding to a previous end drifts:
/// 31 January + 1 = 28 February, and 28 February + 1 = 28 March, but 31 January + 2 = 31 March.
///
/// `None` when the result lies beyond the year 9999, which RFC 3339 cannot write.
#[must_use]
pub fn add_months(anchor: Instant, months: u32) -> Option<Instant> {
    anchor.checked_add_months(Months::new(months)).filter(|end| end.year() <= YEAR_MAX)
}
/// The number of calendar months after `anchor` at which `end` lies exactly; `None` if there is
/// none.
#[must_use]
pub fn months_between(anchor: Instant, end: Instant) -> Option<u32> {
    let month = |instant: Instant| instant.year() * 12 + instant.month0().cast_signed();
    let months = u32::try_from(month(end) - month(anchor)).ok()?;
    (add_months(anchor, months) == Some(end)).then_some(months)
}

/// The instant, or the last one that RFC 3339 can write.
#[must_use]
pub fn writable(instant: Instant) -> Instant {
    let last = Instant::from_timestamp_micros(LAST_MICROS).unwrap_or(instant);
    instant.min(last)
}

/// The instant as RFC 3339 writes it, in microseconds.
#[must_use]
pub fn written(instant: Instant) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Whether RFC 3339 can write the instant.
#[must_use]
pub fn is_writable(instant: Instant) -> bool {
    instant.year() <= YEAR_MAX
}
