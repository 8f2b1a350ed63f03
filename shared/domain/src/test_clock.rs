//! The time of a test client, which stands still until the client moves it.

use crate::bounded::read_instant;
use crate::{ClientId, Instant, JobId};
use chrono::Datelike;
use std::ops::RangeInclusive;

/// The clock of a test client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestClock {
    /// The test client.
    pub client: ClientId,
    /// The instant at which the clock stands.
    pub now: Instant,
    /// The advance that moves it, while there is one.
    pub advance: Option<Advance>,
}

/// A clock on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advance {
    /// The instant at which the clock will stand.
    pub target: Instant,
    /// The job that moves it.
    pub job: JobId,
}

/// The present, by the two clocks that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time by Postgres's clock: leases, limits and latencies are told by it.
    pub real: Instant,
    /// The time of the client: its own if it is a test client, else the real one. Decisions and
    /// reads are made by it.
    pub business: Instant,
}

/// The error for a text that names no instant at which a clock may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an instant of the years {} to {}, such as 2026-01-31T00:00:00Z",
    TestClock::YEARS.start(),
    TestClock::YEARS.end()
)]
pub struct InvalidTestTime;

impl TestClock {
    /// The years in which a clock may stand. Nobody tests what was sold before them, and after them
    /// a thousand years are left for terms, which end in the year 9999 at the latest.
    pub const YEARS: RangeInclusive<i32> = 2000..=8999;

    /// Whether a clock may stand at that instant.
    #[must_use]
    pub fn may_stand_at(at: Instant) -> bool {
        Self::YEARS.contains(&at.year())
    }

    /// The instant of that text, written as RFC 3339 does, if a clock may stand at it.
    pub fn parse_time(text: &str) -> Result<Instant, InvalidTestTime> {
        read_instant(text).filter(|at| Self::may_stand_at(*at)).ok_or(InvalidTestTime)
    }
}

impl Moment {
    /// The moment for a client with that clock, or with none.
    #[must_use]
    pub fn of(clock: Option<&TestClock>, real: Instant) -> Self {
        Self { real, business: clock.map_or(real, |clock| clock.now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{SHOP, at, now};

    #[test]
    fn a_client_without_a_clock_of_its_own_lives_in_the_present() {
        let clock = TestClock { client: SHOP, now: at("2001-01-31T00:00:00Z"), advance: None };
        assert_eq!(Moment::of(None, now()), Moment { real: now(), business: now() });
        let moment = Moment::of(Some(&clock), now());
        assert_eq!(moment, Moment { real: now(), business: clock.now });
    }

    #[test]
    fn a_clock_stands_in_its_years_only() {
        for text in ["2000-01-01T00:00:00Z", "8999-12-31T23:59:59.999999Z"] {
            assert_eq!(TestClock::parse_time(text), Ok(at(text)));
        }
        let berlin = TestClock::parse_time("2026-01-31T01:00:00+01:00");
        assert_eq!(berlin, Ok(at("2026-01-31T00:00:00Z")));
        for text in [
            "1999-12-31T23:59:59.999999Z",
            "2000-01-01T00:00:00+01:00",
            "9000-01-01T00:00:00Z",
            "2026-06-30T23:59:60Z",
            "2026-01-31",
            "tomorrow",
            "",
        ] {
            assert_eq!(TestClock::parse_time(text), Err(InvalidTestTime), "{text}");
        }
        let told = InvalidTestTime.to_string();
        assert!(told.starts_with("must be an instant of the years 2000 to 8999"), "{told}");
    }
}
