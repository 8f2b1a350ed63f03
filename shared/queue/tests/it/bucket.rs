//! The token bucket: never more than it promises, and never less.

use proptest::collection::vec;
use proptest::prelude::{Strategy, proptest};
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use shared::domain::rate_limit::{Bucket, Limit, Quota};

/// Some instant in 2026, in microseconds.
const START: u64 = 1_780_000_000_000_000;

fn limits() -> impl Strategy<Value = Limit> {
    (1..=40_u64, 1..=120_u64).prop_map(|(n, seconds)| Limit::new(n, seconds).unwrap())
}

/// Times between requests: together, a moment apart, and longer than any window.
fn pauses() -> impl Strategy<Value = Vec<u64>> {
    let pause = prop_oneof![0..3_u64, 0..3_000_000_u64, 0..200_000_000_u64];
    vec(pause, 1..80)
}

/// A request at `now`: the bucket after it, and whether it passed.
fn ask(limit: Limit, bucket: Bucket, now: u64) -> (Bucket, bool) {
    let bucket = limit.refilled(bucket, now);
    limit.take(bucket).map_or((bucket, false), |taken| (taken, true))
}

#[test]
fn the_default_lets_10_pass_at_once_and_then_one_every_6_seconds() {
    let limit = Limit::new(10, 60).unwrap();
    let mut bucket = limit.full(START);
    assert_eq!(limit.quota(bucket), Quota { remaining: 10, reset_seconds: 0 });
    for left in (0..10).rev() {
        bucket = limit.take(bucket).unwrap();
        assert_eq!(limit.quota(bucket), Quota { remaining: left, reset_seconds: 6 });
    }
    assert_eq!(limit.take(bucket), None);
    let almost = limit.refilled(bucket, START + 5_999_999);
    assert_eq!(limit.quota(almost), Quota { remaining: 0, reset_seconds: 1 });
    assert_eq!(limit.take(almost), None);
    let enough = limit.refilled(bucket, START + 6_000_000);
    assert!(limit.take(enough).is_some());
    let whole = limit.refilled(bucket, START + 60_000_000);
    assert_eq!(limit.quota(whole), limit.quota(limit.full(START)));
}

#[test]
fn a_limit_is_one_that_redis_can_count_exactly() {
    assert_eq!(Limit::new(10, 0), None);
    assert_eq!(Limit::new(u64::MAX, 60), None);
    assert_eq!(Limit::new(10, u64::MAX), None);
    // 2^53 units is the first number too large.
    assert_eq!(Limit::new((1 << 53) / 60_000_000 + 1, 60), None);
    assert!(Limit::new((1 << 53) / 60_000_000, 60).is_some());
}

#[test]
fn a_clock_that_leaps_to_its_end_fills_the_bucket_and_overflows_nothing() {
    let limit = Limit::new((1 << 53) / 1_000_000, 1).unwrap();
    let mut bucket = limit.full(0);
    bucket = limit.take(bucket).unwrap();
    assert_eq!(limit.refilled(bucket, u64::MAX), limit.full(u64::MAX));
}

proptest! {
    #[test]
    fn no_stretch_of_time_sees_more_than_a_full_bucket_and_its_refill(
        limit in limits(), pauses in pauses(),
    ) {
        let (mut bucket, mut now, mut passed) = (limit.full(START), START, Vec::new());
        for pause in pauses {
            now += pause;
            let (next, pass) = ask(limit, bucket, now);
            bucket = next;
            if pass {
                passed.push(now);
            }
        }
        for (i, first) in passed.iter().enumerate() {
            for (count, last) in (1_u64..).zip(passed.iter().skip(i)) {
                let refill = (last - first) * limit.requests / limit.window_us;
                prop_assert!(count <= limit.requests + refill, "{count} since {first}");
            }
        }
    }

    #[test]
    fn waiting_as_long_as_told_is_enough_for_one_more_and_no_second_too_long(
        limit in limits(), pauses in pauses(),
    ) {
        let (mut bucket, mut now) = (limit.full(START), START);
        for pause in pauses {
            now += pause;
            bucket = ask(limit, bucket, now).0;
            let Quota { remaining, reset_seconds } = limit.quota(bucket);
            if remaining == limit.requests {
                prop_assert_eq!(reset_seconds, 0);
                continue;
            }
            let after = |seconds: u64| limit.refilled(bucket, now + seconds * 1_000_000);
            prop_assert!(limit.quota(after(reset_seconds)).remaining > remaining);
            prop_assert!(limit.take(after(reset_seconds)).is_some());
            prop_assert!(limit.quota(after(reset_seconds - 1)).remaining == remaining);
        }
    }

    /// However often a client that is out of tokens asks: it waits no longer for that.
    #[test]
    fn a_refused_request_takes_nothing(limit in limits(), pauses in pauses()) {
        let mut asked = limit.full(START);
        while let Some(taken) = limit.take(asked) {
            asked = taken;
        }
        let (left_alone, mut now) = (asked, START);
        for pause in pauses {
            now += pause;
            let (next, passed) = ask(limit, asked, now);
            prop_assert_eq!(limit.refilled(left_alone, now), limit.refilled(asked, now));
            if passed {
                break;
            }
            asked = next;
        }
    }

    #[test]
    fn a_clock_that_goes_back_gives_and_takes_nothing_and_is_counted_from_anew(
        limit in limits(), pauses in pauses(), back in 0..START,
    ) {
        let (mut bucket, mut now) = (limit.full(START), START);
        for pause in pauses {
            now += pause;
            bucket = ask(limit, bucket, now).0;
        }
        let earlier = limit.refilled(bucket, now - back);
        prop_assert_eq!(limit.quota(earlier), limit.quota(bucket));
        // What a client is told to wait is enough by the clock that now holds.
        let told_us = limit.quota(earlier).reset_seconds * 1_000_000;
        let later = limit.refilled(earlier, now - back + told_us);
        prop_assert!(limit.take(later).is_some());
    }

    #[test]
    fn a_bucket_is_never_fuller_than_full(limit in limits(), pauses in pauses()) {
        let (mut bucket, mut now) = (limit.full(START), START);
        for pause in pauses {
            now += pause;
            bucket = ask(limit, bucket, now).0;
            prop_assert!(limit.quota(bucket).remaining <= limit.requests);
        }
        let rested = limit.refilled(bucket, now + limit.window_us);
        prop_assert_eq!(rested, limit.full(now + limit.window_us));
    }
}
