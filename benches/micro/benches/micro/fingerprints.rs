//! What every submission is named by.

use crate::sample::{SHOP, key};
use criterion::{BenchmarkId, Criterion, Throughput};
use shared::domain::{Fingerprint, idempotency};
use std::hint::black_box;

/// A usual body, as it is hashed: sorted, and without spaces.
const BODY: &[u8] = br#"{"duration_months":12,"plan":"monthly","user_id":1234567890}"#;

pub(crate) fn measure(criterion: &mut Criterion) {
    of_requests(criterion);
    let key = key(1);
    criterion.bench_function("job_id", |bencher| {
        bencher.iter(|| idempotency::job_id(SHOP, black_box(&key)));
    });
}

fn of_requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fingerprint");
    let long = vec![b'7'; 16 * 1024];
    for body in [BODY, &long] {
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap()));
        group.bench_function(BenchmarkId::from_parameter(body.len()), |bencher| {
            bencher.iter(|| Fingerprint::of_request("POST", "/subscribe", black_box(body)));
        });
    }
}
