//! Proration: what the rest of a grant is worth, and what it costs under another plan. All time is
//! counted in microseconds, and every amount is rounded down.

use crate::{Grant, GrantSource, Instant, Slice, Terms};
use chrono::TimeDelta;

/// The part of `value`, which was paid for `slice`, that is not used at `at`. What has not begun is
/// not used at all.
pub(crate) fn unused(value: u64, slice: Slice, at: Instant) -> u64 {
    let rest = slice.end - at.clamp(slice.start, slice.end.max(slice.start));
    share(value.into(), rest, slice.length(), 1)
}

/// The price of what is left at `at` of `slice`, at a price for an interval. The slice is a part of
/// `months` that took `length`.
pub(super) fn price_of_rest(
    terms: &Terms,
    (months, length): (u32, TimeDelta),
    slice: Slice,
    at: Instant,
) -> u64 {
    let rest = slice.end - at.clamp(slice.start, slice.end.max(slice.start));
    let price = u128::from(terms.price.amount) * u128::from(months);
    share(price, rest, length, terms.interval.months().into())
}

/// `amount * part / (whole * divisor)`, rounded down. Nothing is a part of nothing.
fn share(amount: u128, part: TimeDelta, whole: TimeDelta, divisor: u128) -> u64 {
    let whole = micros(whole) * divisor;
    let share = amount.saturating_mul(micros(part)).checked_div(whole).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

fn micros(time: TimeDelta) -> u128 {
    let micros = time.num_microseconds().and_then(|micros| u128::try_from(micros).ok());
    micros.unwrap_or(0)
}

impl Grant {
    /// The length that it had at first.
    pub(super) fn original_length(&self) -> Option<TimeDelta> {
        self.length.or(self.slice.map(Slice::length))
    }

    /// Whether its rest is paid for anew when the plan is changed. The time of what was given for
    /// nothing stays free, and so does that of what was paid back. What was bought for nothing does
    /// not: it was the price of a plan.
    pub(super) const fn is_priced(&self) -> bool {
        let is_given = matches!(
            self.source,
            GrantSource::Goodwill { .. } | GrantSource::Import | GrantSource::Trial
        );
        self.value > 0 || (!is_given && self.payment.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::{price_of_rest, unused};
    use crate::samples::*;
    use crate::{Interval, Money, Slice, Terms};
    use chrono::TimeDelta;

    /// The 30 days of June.
    fn june() -> Slice {
        Slice { start: at("2026-06-01T00:00:00Z"), end: at("2026-07-01T00:00:00Z") }
    }

    fn terms(amount: u64, interval: Interval) -> Terms {
        let monthly = plan_of("monthly").terms;
        Terms { interval, price: Money { amount, ..monthly.price }, ..monthly }
    }

    #[test]
    fn what_is_left_is_in_proportion_to_time_and_rounded_down() {
        let tick = TimeDelta::microseconds(1);
        for (at, expected) in [
            (at("2026-05-01T00:00:00Z"), 1000),
            (june().start, 1000),
            (june().start + tick, 999),
            // A third of 1000.
            (at("2026-06-21T00:00:00Z"), 333),
            (at("2026-06-16T00:00:00Z"), 500),
            (june().end - tick, 0),
            (june().end, 0),
            (at("2027-01-01T00:00:00Z"), 0),
        ] {
            assert_eq!(unused(1000, june(), at), expected, "{at}");
        }
    }

    #[test]
    fn nothing_is_left_of_no_time() {
        let empty = Slice { end: june().start, ..june() };
        assert_eq!(unused(1000, empty, june().start), 0);
        let length = TimeDelta::zero();
        assert_eq!(
            price_of_rest(&terms(1000, Interval::Month), (1, length), empty, june().start),
            0
        );
    }

    #[test]
    fn the_rest_costs_the_price_of_its_months_in_proportion_to_their_length() {
        let month = (1, june().length());
        let at = at("2026-06-21T00:00:00Z");
        // A third of 3000, and a third of a twelfth of 12,005: 333.47.
        assert_eq!(price_of_rest(&terms(3000, Interval::Month), month, june(), at), 1000);
        assert_eq!(price_of_rest(&terms(12_005, Interval::Year), month, june(), at), 333);
        // The same slice, if it is the last half of what was two months.
        let longer = (2, june().length() * 2);
        assert_eq!(price_of_rest(&terms(3000, Interval::Month), longer, june(), at), 1000);
        assert_eq!(price_of_rest(&terms(3000, Interval::Month), month, june(), june().start), 3000);
    }

    #[test]
    fn the_largest_amounts_and_the_longest_terms_do_not_overflow() {
        let long = Slice { start: at("0001-01-01T00:00:00Z"), end: at("9999-12-31T00:00:00Z") };
        let dear = terms(crate::AMOUNT_MAX, Interval::Month);
        let value = crate::AMOUNT_MAX * u64::from(crate::MONTHS_MAX);
        let all = price_of_rest(&dear, (crate::MONTHS_MAX, long.length()), long, long.start);
        assert_eq!(all, value);
        assert_eq!(unused(value, long, long.start), value);
    }
}
