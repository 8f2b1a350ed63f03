//! How requests are coalesced.

use super::{CoalesceError, Coalescer};
use futures::FutureExt;
use futures::future::join_all;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

#[derive(Debug)]
struct Failure;

/// What was called, and what lets calls go on.
#[derive(Clone)]
struct Calls {
    seen: Arc<Mutex<Vec<Vec<u32>>>>,
    gate: Arc<Semaphore>,
}

impl Calls {
    fn new() -> Self {
        Self { seen: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }

    /// Doubles numbers; fails at a 7, and panics at a 13.
    fn coalescer(&self, size: usize, concurrency: usize) -> Arc<Coalescer<u32, u32, Failure>> {
        let calls = self.clone();
        Arc::new(Coalescer::new(size, concurrency, move |inputs: Vec<u32>| {
            let calls = calls.clone();
            async move {
                calls.seen.lock().unwrap().push(inputs.clone());
                calls.gate.acquire().await.unwrap().forget();
                assert!(!inputs.contains(&13), "unlucky");
                if inputs.contains(&7) {
                    return Err(Failure);
                }
                Ok(inputs.iter().map(|input| input * 2).collect())
            }
        }))
    }

    fn seen(&self) -> Vec<Vec<u32>> {
        self.seen.lock().unwrap().clone()
    }
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A call that is under way, and has its answer in the end.
async fn called(coalescer: &Arc<Coalescer<u32, u32, Failure>>, input: u32) -> JoinHandle<u32> {
    let coalescer = coalescer.clone();
    let call = tokio::spawn(async move { coalescer.call(input).await.unwrap() });
    settle().await;
    call
}

#[tokio::test]
async fn who_comes_during_a_call_shares_the_next() {
    let calls = Calls::new();
    let coalescer = calls.coalescer(8, 1);
    let first = called(&coalescer, 1).await;
    assert_eq!(calls.seen(), [[1]], "alone, it does not wait");

    let others = tokio::spawn(async move {
        join_all([2, 3, 4].map(|input| coalescer.call(input).map(Result::unwrap))).await
    });
    settle().await;
    assert_eq!(calls.seen(), [[1]], "one call at a time");
    calls.gate.add_permits(2);
    assert_eq!(first.await.unwrap(), 2);
    assert_eq!(others.await.unwrap(), [4, 6, 8], "each has its own answer");
    assert_eq!(calls.seen(), [vec![1], vec![2, 3, 4]]);
}

#[tokio::test]
async fn a_call_takes_so_many_requests_and_so_many_calls_run_at_once() {
    let calls = Calls::new();
    let coalescer = calls.coalescer(2, 2);
    let all =
        tokio::spawn(async move { join_all((0..7).map(|input| coalescer.call(input))).await });
    settle().await;
    assert_eq!(calls.seen().len(), 2, "as many as may run at once");
    calls.gate.add_permits(100);
    let answers: Vec<u32> = all.await.unwrap().into_iter().filter_map(Result::ok).collect();
    assert_eq!(answers, [0, 2, 4, 6, 8, 10, 12]);
    assert!(calls.seen().iter().all(|inputs| inputs.len() <= 2), "{:?}", calls.seen());
}

#[tokio::test]
async fn a_failure_is_for_those_who_shared_it() {
    let calls = Calls::new();
    calls.gate.add_permits(100);
    let coalescer = calls.coalescer(8, 1);
    let shared = join_all([6, 7].map(|input| coalescer.call(input))).await;
    assert!(shared.iter().all(|answer| matches!(answer, Err(CoalesceError::Failed(_)))));
    assert_eq!(coalescer.call(6).await.unwrap(), 12);
}

#[tokio::test]
async fn a_panic_ends_one_call_and_not_those_after_it() {
    let calls = Calls::new();
    calls.gate.add_permits(100);
    let coalescer = calls.coalescer(8, 1);
    assert!(matches!(coalescer.call(13).await, Err(CoalesceError::Lost)));
    assert_eq!(coalescer.call(6).await.unwrap(), 12);
}

#[tokio::test]
async fn who_has_left_is_not_asked_for() {
    let calls = Calls::new();
    let coalescer = calls.coalescer(8, 1);
    let first = called(&coalescer, 1).await;
    assert!(coalescer.call(2).now_or_never().is_none(), "it waits, and then leaves");
    calls.gate.add_permits(100);
    first.await.unwrap();
    assert_eq!(coalescer.call(3).await.unwrap(), 6);
    assert_eq!(calls.seen(), [[1], [3]]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_others_is_told_so() {
    let calls = Calls::new();
    let coalescer = calls.coalescer(8, 1);
    let answers = join_all([1, 2].map(|input| coalescer.call(input))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(CoalesceError::Overdue))));
}
