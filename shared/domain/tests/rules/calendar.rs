//! Months, over one whole cycle of the calendar.

use crate::by_hand::{CYCLE_YEARS, later, month_length};

use chrono::{Datelike, NaiveTime};
use domain::Instant;
use domain::calendar::add_months;
use samples::at;

/// Two years of months, counted from every day of the cycle.
const MONTHS: u32 = 24;

#[track_caller]
fn check(anchor: &str, months: u32, end: &str) {
    assert_eq!(add_months(at(anchor), months), Some(at(end)), "{anchor} + {months}");
}

#[test]
fn a_shorter_month_ends_at_its_last_day() {
    check("2026-01-31T10:20:30.123456Z", 1, "2026-02-28T10:20:30.123456Z");
    check("2024-01-31T00:00:00Z", 1, "2024-02-29T00:00:00Z");
    check("2026-01-31T00:00:00Z", 3, "2026-04-30T00:00:00Z");
    check("2024-02-29T00:00:00Z", 12, "2025-02-28T00:00:00Z");
}

#[test]
fn a_longer_month_has_the_day_of_the_anchor_again() {
    check("2026-01-31T00:00:00Z", 2, "2026-03-31T00:00:00Z");
    check("2024-02-29T00:00:00Z", 48, "2028-02-29T00:00:00Z");
    check("2096-02-29T00:00:00Z", 48, "2100-02-28T00:00:00Z");
}

#[test]
fn the_28th_is_a_day_like_any_other_and_no_end_of_a_month() {
    check("2026-02-28T23:59:59.999999Z", 1, "2026-03-28T23:59:59.999999Z");
}

#[test]
fn the_last_instant_of_the_year_9999_is_the_last_end() {
    check("9998-12-31T23:59:59.999999Z", 12, "9999-12-31T23:59:59.999999Z");
    assert_eq!(add_months(at("9998-12-31T23:59:59.999999Z"), 13), None);
    for months in [i32::MAX.unsigned_abs(), i32::MAX.unsigned_abs() + 1, u32::MAX] {
        assert_eq!(add_months(at("2026-01-01T00:00:00Z"), months), None);
    }
}

#[test]
fn every_day_of_the_cycle_keeps_the_day_of_its_anchor_where_the_month_has_it() {
    for anchor in cycle() {
        let date = (anchor.year(), anchor.month(), anchor.day());
        let mut last = anchor;
        for months in 1..=MONTHS {
            let end = add_months(anchor, months).unwrap();
            let found = (end.year(), end.month(), end.day());
            assert_eq!(found, later(date, months), "{anchor} + {months}");
            assert_eq!(found.2, date.2.min(month_length(found.0, found.1)));
            assert!(end > last, "{anchor} + {months} is not after {anchor} + {}", months - 1);
            last = end;
        }
        assert_eq!(last.time(), anchor.time());
    }
}

/// That is why months are always counted from the first start.
#[test]
fn months_added_one_by_one_drift_for_2703_days_of_the_cycle() {
    let chained = |anchor| add_months(add_months(anchor, 1)?, 1);
    let drifted = cycle().filter(|anchor| chained(*anchor) != add_months(*anchor, 2)).count();
    assert_eq!(drifted, 2703);
}

fn cycle() -> impl Iterator<Item = Instant> {
    let time = NaiveTime::from_hms_micro_opt(12, 34, 56, 789_012).unwrap();
    let first = at("2000-01-01T00:00:00Z").date_naive();
    let days = first.iter_days().take_while(|date| date.year() < 2000 + CYCLE_YEARS);
    days.map(move |date| date.and_time(time).and_utc())
}
