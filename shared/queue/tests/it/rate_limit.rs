//! The arithmetic in Lua is the arithmetic of the model.

use crate::redis_server::RedisServer;
use crate::sample::{job, limited};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shared::domain::rate_limit::{Bucket, Limit};
use shared::queue::admission::Verdict;
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

/// A limit, and pauses between submissions in microseconds.
fn scenario() -> impl Strategy<Value = (u64, u64, Vec<u64>)> {
    let requests = prop_oneof![1_u64..=3, 1_u64..=1000];
    let window = prop_oneof![1_u64..=3, 1_u64..=86_400];
    let pause = prop_oneof![Just(0), 0_u64..2_000_000, 0_u64..100_000_000_000];
    (requests, window, prop::collection::vec(pause, 1..40))
}

#[test]
fn the_script_and_the_model_agree_on_every_submission() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = RedisServer::start();
    let queue = runtime.block_on(redis.queue());
    let cases = AtomicU32::new(0);
    let mut runner = TestRunner::new(Config { cases: 100, ..Config::default() });
    runner
        .run(&scenario(), |(requests, window, pauses)| {
            let case = cases.fetch_add(1, Ordering::Relaxed);
            let bounds = limited(requests, window);
            let limit = Limit::new(requests, window).unwrap();
            let (mut now, bucket_name) = (1_700_000_000_000_000, format!("case-{case}"));
            let mut bucket: Option<Bucket> = None;
            for (step, pause) in pauses.into_iter().enumerate() {
                now += pause;
                let refilled =
                    bucket.map_or_else(|| limit.full(now), |bucket| limit.refilled(bucket, now));
                let taken = limit.take(refilled);
                bucket = Some(taken.unwrap_or(refilled));
                let job = job(&format!("{case}-{step}"));
                let submission = queue.submission(&job, &bucket_name);
                let asked = queue.admit(slice::from_ref(&submission), bounds, Some(now));
                let admission = runtime.block_on(asked).unwrap().remove(0).unwrap();
                let verdict = if taken.is_some() { Verdict::Enqueued } else { Verdict::Limited };
                prop_assert_eq!(admission.verdict, verdict);
                prop_assert_eq!(admission.quota, bucket.map(|bucket| limit.quota(bucket)));
            }
            Ok(())
        })
        .unwrap();
}
