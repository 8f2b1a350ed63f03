//! The arithmetic in Lua is the arithmetic of the model. Time is given to the script, which
//! otherwise asks Redis for it.

use crate::bucket_model::{Bucket, BucketModel};
use domain::RateLimit;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use queue::Quota;
use redis::Script;
use redis::aio::MultiplexedConnection;
use std::sync::atomic::{AtomicU32, Ordering};
use support::RedisServer;

/// Limits that a client has in turn, each with pauses between submissions in microseconds.
fn scenario() -> impl Strategy<Value = Vec<(BucketModel, Vec<u64>)>> {
    let requests = prop_oneof![1_u64..=3, 1_u64..=1000];
    let window = prop_oneof![1_u64..=3, 1_u64..=86_400];
    let model = (requests, window).prop_map(|(n, seconds)| BucketModel::new(n, seconds));
    let pause = prop_oneof![Just(0), 0_u64..2_000_000, 0_u64..100_000_000_000];
    prop::collection::vec((model, prop::collection::vec(pause, 1..40)), 1..4)
}

/// The script that admits, with a clock of the test's own.
struct AdmitScript {
    script: Script,
    connection: MultiplexedConnection,
}

impl AdmitScript {
    async fn load(redis: &RedisServer) -> Self {
        let script = Script::new(include_str!("../../src/lua/admit.lua"));
        Self { script, connection: redis.connect().await.unwrap() }
    }

    /// Submits a job that nobody knows at `now_us`: the verdict, and what the bucket says.
    async fn submit(
        &mut self,
        limit: RateLimit,
        bucket: &str,
        job: &str,
        now_us: u64,
    ) -> (String, Quota) {
        let mut call = self.script.prepare_invoke();
        for key in ["q:data", "q:active", "q:scheduled", "q:dead", "q:progress"] {
            call.key(key);
        }
        call.key(format!("q:job:{job}")).key(format!("q:meta:{job}")).key(bucket);
        call.arg(1_000_000).arg("q:wake").arg(now_us);
        // The script looks at a letter and 32 bytes of the record, and not at the payload.
        call.arg(job).arg(format!("q{job:-<32}")).arg("{}");
        call.arg(limit.to_string());
        let reply: Vec<(String, u64, u64)> = call.invoke_async(&mut self.connection).await.unwrap();
        let [(verdict, remaining, reset_seconds)] = reply.as_slice() else { panic!("{reply:?}") };
        let quota = Quota { remaining: *remaining, reset_seconds: *reset_seconds };
        (verdict.clone(), quota)
    }
}

#[test]
fn the_script_and_the_model_agree_on_every_submission() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(RedisServer::start_temporary()).unwrap();
    let script = runtime.block_on(AdmitScript::load(&redis));
    let script = std::cell::RefCell::new(script);
    let cases = AtomicU32::new(0);
    let mut runner = TestRunner::new(Config { cases: 100, ..Config::default() });
    runner
        .run(&scenario(), |limits| {
            let case = cases.fetch_add(1, Ordering::Relaxed);
            let (mut now, bucket_name) = (1_700_000_000_000_000, format!("case-{case}"));
            let mut stored: Option<(BucketModel, Bucket)> = None;
            let each = |(model, pauses): (_, Vec<_>)| pauses.into_iter().map(move |p| (model, p));
            for (step, (model, pause)) in limits.into_iter().flat_map(each).enumerate() {
                now += pause;
                let refilled = stored.map_or_else(
                    || model.full(now),
                    |(before, bucket)| model.refilled_after(before, bucket, now),
                );
                let taken = model.take(refilled);
                // What is refused is not written.
                stored = taken.map(|taken| (model, taken)).or(stored);
                let left = taken.unwrap_or(refilled);
                let job = format!("{case}-{step}");
                let mut script = script.borrow_mut();
                let submitted = script.submit(model.limit, &bucket_name, &job, now);
                let verdict = if taken.is_some() { "enqueued" } else { "limited" };
                let expected = (verdict.to_owned(), model.quota(left));
                prop_assert_eq!(runtime.block_on(submitted), expected);
            }
            Ok(())
        })
        .unwrap();
}
