//! What travels through Redis: jobs one way, outcomes the other.

use crate::sample::{BOB, answer, job, subscribe};
use criterion::{BenchmarkId, Criterion, Throughput};
use shared::queue::announcement::{self, Origin, Outcome};
use shared::queue::job::QueuedJob;
use std::hint::black_box;

pub(crate) fn measure(criterion: &mut Criterion) {
    jobs(criterion);
    announcements(criterion);
}

fn jobs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queued_job");
    let job = job(1, subscribe(BOB));
    let encoded = job.encode();
    assert_eq!(QueuedJob::decode(&encoded).unwrap(), job);
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&job).encode()));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| QueuedJob::decode(black_box(&encoded)));
    });
}

fn announcements(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("announcement");
    for size in [1, 64] {
        let outcomes: Vec<_> = (0..size).map(outcome).collect();
        let encoded = announcement::encode(&outcomes);
        assert_eq!(announcement::decode(&encoded), outcomes);
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("encode", size), |bencher| {
            bencher.iter(|| announcement::encode(black_box(&outcomes)));
        });
        group.bench_function(BenchmarkId::new("decode", size), |bencher| {
            bencher.iter(|| announcement::decode(black_box(&encoded)));
        });
    }
}

fn outcome(number: u64) -> Outcome {
    let job = job(number, subscribe(BOB));
    let fingerprint = job.fingerprint;
    Outcome { job: job.id(), fingerprint, origin: Origin::Decided, answer: answer() }
}
