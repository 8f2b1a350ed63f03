//! The core: what a command costs before anything is written.

use crate::product::{
    ALICE, Cancel, HELD, Renew, UserId, context, decide, job, new_ids, now, subscribe, working_set,
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use std::hint::black_box;

pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    let (small, subscription_id) = (working_set(2), HELD);
    let commands = [
        ("subscribe", subscribe(UserId::new(2))),
        ("renew", Renew { subscription_id, duration_months: Some(1) }.into()),
        ("cancel", Cancel { subscription_id, at_period_end: false }.into()),
        ("refused", subscribe(ALICE)),
    ];
    for (name, command) in commands {
        let context = context(now());
        let decided = || decide(black_box(&small), &context, black_box(&command), &mut new_ids(1));
        assert_eq!(decided().outcome.success().is_some(), name != "refused", "{name}");
        group.bench_function(name, |bencher| bencher.iter(decided));
    }
    group.finish();
    // Batches of subscriptions of as many users, with their answers.
    let mut group = criterion.benchmark_group("decide_and_answer");
    for size in [1, 16, 64, 256] {
        let jobs = (0..).zip(2..size + 2).map(|(n, id)| job(n, subscribe(UserId::new(id))));
        let (jobs, rows) = (jobs.collect::<Vec<_>>(), working_set(size + 1));
        group.throughput(Throughput::Elements(size.unsigned_abs()));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_batched(
                || (rows.clone(), new_ids(size)),
                |(mut rows, mut new_ids)| {
                    for job in &jobs {
                        let context = context(now());
                        let decision = decide(&rows, &context, &job.command, &mut new_ids);
                        black_box(contract::answered(job.id(), &decision.outcome, context.now));
                        decision.changes.into_iter().for_each(|change| rows.apply(change));
                    }
                    rows
                },
                BatchSize::SmallInput,
            );
        });
    }
}
