//! The token bucket: never more than it promises, and never less.

use crate::bucket_model::{Bucket, BucketModel};
use proptest::collection::vec;
use proptest::prelude::{Strategy, proptest};
use proptest::{prop_assert, prop_assert_eq, prop_oneof};
use queue::Quota;

/// Some instant in 2026, in microseconds.
const START: u64 = 1_780_000_000_000_000;

fn models() -> impl Strategy<Value = BucketModel> {
    (1..=40_u64, 1..=120_u64).prop_map(|(n, seconds)| BucketModel::new(n, seconds))
}

/// Times between requests: together, a moment apart, and longer than any window.
fn pauses() -> impl Strategy<Value = Vec<u64>> {
    let pause = prop_oneof![0..3_u64, 0..3_000_000_u64, 0..200_000_000_u64];
    vec(pause, 1..80)
}

/// A request at `now`: the bucket after it, and whether it passed.
fn ask(model: BucketModel, bucket: Bucket, now: u64) -> (Bucket, bool) {
    let bucket = model.refilled(bucket, now);
    model.take(bucket).map_or((bucket, false), |taken| (taken, true))
}

#[test]
fn the_default_lets_10_pass_at_once_and_then_one_every_6_seconds() {
    let model = BucketModel::new(10, 60);
    let mut bucket = model.full(START);
    assert_eq!(model.quota(bucket), Quota { remaining: 10, reset_seconds: 0 });
    for left in (0..10).rev() {
        bucket = model.take(bucket).unwrap();
        assert_eq!(model.quota(bucket), Quota { remaining: left, reset_seconds: 6 });
    }
    assert_eq!(model.take(bucket), None);
    let almost = model.refilled(bucket, START + 5_999_999);
    assert_eq!(model.quota(almost), Quota { remaining: 0, reset_seconds: 1 });
    assert_eq!(model.take(almost), None);
    let enough = model.refilled(bucket, START + 6_000_000);
    assert!(model.take(enough).is_some());
    let whole = model.refilled(bucket, START + 60_000_000);
    assert_eq!(model.quota(whole), model.quota(model.full(START)));
}

#[test]
fn a_clock_that_leaps_to_its_end_fills_the_bucket_and_overflows_nothing() {
    let model = BucketModel::new((1 << 53) / 1_000_000, 1);
    let mut bucket = model.full(0);
    bucket = model.take(bucket).unwrap();
    assert_eq!(model.refilled(bucket, u64::MAX), model.full(u64::MAX));
}

proptest! {
    #[test]
    fn no_stretch_of_time_sees_more_than_a_full_bucket_and_its_refill(
        model in models(), pauses in pauses(),
    ) {
        let (mut bucket, mut now, mut passed) = (model.full(START), START, Vec::new());
        for pause in pauses {
            now += pause;
            let (next, pass) = ask(model, bucket, now);
            bucket = next;
            if pass {
                passed.push(now);
            }
        }
        for (i, first) in passed.iter().enumerate() {
            for (count, last) in (1_u64..).zip(passed.iter().skip(i)) {
                let refill = (last - first) * model.limit.requests() / model.limit.window_us();
                prop_assert!(count <= model.limit.requests() + refill, "{count} since {first}");
            }
        }
    }

    #[test]
    fn waiting_as_long_as_told_is_enough_for_one_more_and_no_second_too_long(
        model in models(), pauses in pauses(),
    ) {
        let (mut bucket, mut now) = (model.full(START), START);
        for pause in pauses {
            now += pause;
            bucket = ask(model, bucket, now).0;
            let Quota { remaining, reset_seconds } = model.quota(bucket);
            if remaining == model.limit.requests() {
                prop_assert_eq!(reset_seconds, 0);
                continue;
            }
            let after = |seconds: u64| model.refilled(bucket, now + seconds * 1_000_000);
            prop_assert!(model.quota(after(reset_seconds)).remaining > remaining);
            prop_assert!(model.take(after(reset_seconds)).is_some());
            prop_assert!(model.quota(after(reset_seconds - 1)).remaining == remaining);
        }
    }

    /// A change of the limit gives no token, and takes those only that there is no room for.
    #[test]
    fn a_limit_that_is_changed_leaves_the_tokens(
        before in models(), after in models(), pauses in pauses(),
    ) {
        let (mut bucket, mut now) = (before.full(START), START);
        for pause in pauses {
            now += pause;
            bucket = ask(before, bucket, now).0;
        }
        let tokens = before.quota(bucket).remaining;
        let changed = after.quota(after.refilled_after(before, bucket, now)).remaining;
        prop_assert_eq!(changed, tokens.min(after.limit.requests()));
    }

    /// However often a client that is out of tokens asks: it waits no longer for that.
    #[test]
    fn a_refused_request_takes_nothing(model in models(), pauses in pauses()) {
        let mut asked = model.full(START);
        while let Some(taken) = model.take(asked) {
            asked = taken;
        }
        let (left_alone, mut now) = (asked, START);
        for pause in pauses {
            now += pause;
            let (next, passed) = ask(model, asked, now);
            prop_assert_eq!(model.refilled(left_alone, now), model.refilled(asked, now));
            if passed {
                break;
            }
            asked = next;
        }
    }

    #[test]
    fn a_clock_that_goes_back_gives_and_takes_nothing_and_is_counted_from_anew(
        model in models(), pauses in pauses(), back in 0..START,
    ) {
        let (mut bucket, mut now) = (model.full(START), START);
        for pause in pauses {
            now += pause;
            bucket = ask(model, bucket, now).0;
        }
        let earlier = model.refilled(bucket, now - back);
        prop_assert_eq!(model.quota(earlier), model.quota(bucket));
        // What a client is told to wait is enough by the clock that now holds.
        let told_us = model.quota(earlier).reset_seconds * 1_000_000;
        let later = model.refilled(earlier, now - back + told_us);
        prop_assert!(model.take(later).is_some());
    }

    #[test]
    fn a_bucket_is_never_fuller_than_full(model in models(), pauses in pauses()) {
        let (mut bucket, mut now) = (model.full(START), START);
        for pause in pauses {
            now += pause;
            bucket = ask(model, bucket, now).0;
            prop_assert!(model.quota(bucket).remaining <= model.limit.requests());
        }
        let rested = model.refilled(bucket, now + model.limit.window_us());
        prop_assert_eq!(rested, model.full(now + model.limit.window_us()));
    }
}
