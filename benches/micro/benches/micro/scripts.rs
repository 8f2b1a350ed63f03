//! What Redis is asked to do, over one connection and without a disk: the way there and back, the
//! script, and what is written and read on this side.
//!
//! The runtime has one thread, so that no figure has the waking of another in it.

use crate::stage::Stage;
use criterion::{BenchmarkId, Criterion, Throughput};
use shared::queue::admission::Verdict;
use tokio::runtime::{Builder, Runtime};

/// As many as are asked for at once, or as a worker takes.
const MANY: u64 = 64;

pub(crate) fn measure(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let Some(stage) = runtime.block_on(Stage::set()) else {
        eprintln!("skipped: the scripts, for there is no redis-server on the PATH");
        return;
    };
    admit_new_keys(criterion, &runtime, &stage);
    admit_known_keys(criterion, &runtime, &stage);
    begin_and_finish(criterion, &runtime, &stage);
}

fn admit_new_keys(criterion: &mut Criterion, runtime: &Runtime, stage: &Stage) {
    let mut group = criterion.benchmark_group("admit_new_key");
    for at_once in [1, MANY] {
        group.throughput(Throughput::Elements(at_once));
        group.bench_function(BenchmarkId::from_parameter(at_once), |bencher| {
            let prepare = async || stage.fresh(at_once);
            let work = async |jobs: Vec<_>| {
                let verdicts = stage.admit(&jobs).await;
                assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Enqueued));
            };
            bencher.to_async(runtime).iter_custom(|times| stage.timed(times, prepare, work));
        });
    }
}

/// Replays: the answers are there.
fn admit_known_keys(criterion: &mut Criterion, runtime: &Runtime, stage: &Stage) {
    let mut group = criterion.benchmark_group("admit_known_key");
    for at_once in [1, MANY] {
        let jobs = runtime.block_on(stage.finished(at_once));
        group.throughput(Throughput::Elements(at_once));
        group.bench_function(BenchmarkId::from_parameter(at_once), |bencher| {
            bencher.to_async(runtime).iter(async || {
                let verdicts = stage.admit(&jobs).await;
                assert!(verdicts.iter().all(|verdict| matches!(verdict, Verdict::Known(_))));
            });
        });
    }
}

/// A worker's two steps, with the commit between them left out.
fn begin_and_finish(criterion: &mut Criterion, runtime: &Runtime, stage: &Stage) {
    let mut group = criterion.benchmark_group("settle");
    group.throughput(Throughput::Elements(MANY));
    group.bench_function(BenchmarkId::new("begin", MANY), |bencher| {
        let prepare = async || stage.taken(MANY).await;
        let work = async |jobs: Vec<_>| stage.begin(&jobs).await;
        bencher.to_async(runtime).iter_custom(|times| stage.timed(times, prepare, work));
    });
    group.bench_function(BenchmarkId::new("finish", MANY), |bencher| {
        let prepare = async || stage.begun(MANY).await;
        let work = async |jobs: Vec<_>| stage.finish(&jobs).await;
        bencher.to_async(runtime).iter_custom(|times| stage.timed(times, prepare, work));
    });
    group.bench_function(BenchmarkId::new("begin_and_finish", MANY), |bencher| {
        let prepare = async || stage.taken(MANY).await;
        let work = async |jobs: Vec<_>| {
            stage.begin(&jobs).await;
            stage.finish(&jobs).await;
        };
        bencher.to_async(runtime).iter_custom(|times| stage.timed(times, prepare, work));
    });
}
