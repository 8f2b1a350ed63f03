//! Months counted as one would on paper: another way than the core's, to check it by.

use chrono::{Datelike, NaiveDate};
use domain::Instant;

/// The Gregorian calendar repeats itself after so many years.
pub(crate) const CYCLE_YEARS: i32 = 400;

pub(crate) const fn month_length(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// (year, month, day), `months` later.
pub(crate) fn later((year, month, day): (i32, u32, u32), months: u32) -> (i32, u32, u32) {
    let counted = i64::from(year) * 12 + i64::from(month - 1) + i64::from(months);
    let year = i32::try_from(counted.div_euclid(12)).unwrap();
    let month = u32::try_from(counted.rem_euclid(12)).unwrap() + 1;
    (year, month, day.min(month_length(year, month)))
}

/// What the core is to say; `None` beyond the year 9999.
pub(crate) fn add_months(anchor: Instant, months: u32) -> Option<Instant> {
    let (year, month, day) = later((anchor.year(), anchor.month(), anchor.day()), months);
    let date = NaiveDate::from_ymd_opt(year, month, day).filter(|_| year <= 9999)?;
    Some(date.and_time(anchor.time()).and_utc())
}
