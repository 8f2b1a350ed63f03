//! What every submission is named by, and how its job travels through Redis.

use crate::product::{
    ALICE, Fingerprint, QueuedJob, SHOP, authenticate, job, job_id, job_key, job_keys, key,
    subscribe,
};
use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;

/// A usual body, as it is hashed: sorted, and without spaces.
const BODY: &[u8] = br#"{"duration_months":12,"plan":"monthly","user_id":1234567890}"#;

pub(crate) fn measure(criterion: &mut Criterion) {
    let job = job(1, subscribe(ALICE));
    let encoded = job.encode();
    assert_eq!(QueuedJob::decode(&encoded).unwrap(), job);
    let mut group = criterion.benchmark_group("queued_job");
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&job).encode()));
    let (signs, keys, now) = (job_key(), job_keys(), job.submitted_at);
    let signed = job.sign(&signs);
    authenticate(&job, &signed, &keys, now).unwrap();
    group.bench_function("sign", |bencher| bencher.iter(|| black_box(&job).sign(&signs)));
    group.bench_function("authenticate", |bencher| {
        bencher.iter(|| authenticate(&job, black_box(&signed), &keys, now));
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| QueuedJob::decode(black_box(&encoded)));
    });
    let key = key(1);
    group.bench_function("id", |bencher| bencher.iter(|| job_id(SHOP, black_box(&key))));
    group.finish();
    let mut group = criterion.benchmark_group("fingerprint");
    for body in [BODY, &[b'7'; 16 * 1024]] {
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap()));
        group.bench_function(BenchmarkId::from_parameter(body.len()), |bencher| {
            bencher.iter(|| Fingerprint::of_request("POST", "/subscribe", black_box(body)));
        });
    }
}
