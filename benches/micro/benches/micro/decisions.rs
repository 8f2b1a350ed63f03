//! The core: what a command costs before anything is written.

use crate::sample::{
    self, ALICE, BOB, GIFT, GIFT_TTL, HELD, SHOP, circumstances, crowd, email, subscribe, world,
};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use shared::domain::world::Footprint;
use shared::domain::{Command, UserId, decide};
use shared::store::world::Drawn;
use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use worker::apply::{Attempt, decide_all};

pub(crate) fn measure(criterion: &mut Criterion) {
    each_command(criterion);
    batches(criterion);
    footprint(criterion);
}

/// One command of each kind that is done, by the name of its measurement.
fn commands() -> [(&'static str, Command); 5] {
    let (subscription_id, recipient_email) = (HELD, email("carol@example.com"));
    let duration_months = Some(1);
    [
        ("subscribe", subscribe(BOB)),
        ("renew", Command::Renew { subscription_id, duration_months }),
        ("cancel", Command::Cancel { subscription_id }),
        ("gift", Command::Gift { gifter_id: ALICE, recipient_email, duration_months }),
        ("redeem", Command::Redeem { gift_id: GIFT, user_id: BOB }),
    ]
}

fn each_command(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    let world = world();
    let done = commands().map(|(name, command)| (name, command, true));
    for (name, command, is_done) in done.into_iter().chain([("refused", subscribe(ALICE), false)]) {
        let circumstances = circumstances(&sample::job(0, command.clone()));
        let decided = || decide(black_box(&world), SHOP, black_box(&command), circumstances);
        assert_eq!(decided().result.is_ok(), is_done, "{name}");
        group.bench_function(name, |bencher| bencher.iter(decided));
    }
}

/// Batches of subscriptions of as many users: with their answers and rows of the ledger.
fn batches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide_all");
    for size in [1, 16, 64, 256] {
        let users: Vec<_> = (1..=size).map(UserId).collect();
        let attempts: Vec<_> = (0..).zip(&users).map(|(n, user)| attempt(n, *user)).collect();
        let world = crowd(&users);
        let drawn = || Drawn {
            now: sample::now(),
            decided: Vec::new(),
            users: Vec::new(),
            subscriptions: (1000..1000 + size).collect(),
            gifts: Vec::new(),
        };
        group.throughput(Throughput::Elements(size.unsigned_abs()));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter_batched(
                || (world.clone(), drawn()),
                |(world, drawn)| decide_all(world, &attempts, HashMap::new(), drawn, GIFT_TTL),
                BatchSize::SmallInput,
            );
        });
    }
}

fn attempt(number: u64, user: UserId) -> Attempt {
    let job = sample::job(number, subscribe(user));
    Attempt { id: job.id(), job: Arc::new(job), holder: "w".into(), number: 1 }
}

/// A batch of commands of all kinds, of the same few rows, and one of as many users as commands.
fn footprint(criterion: &mut Criterion) {
    const SIZE: u32 = 64;
    let mixed: Vec<_> = commands().into_iter().map(|(_, command)| command).collect();
    let mixed = (0..SIZE).zip(mixed.iter().cycle()).map(|(_, command)| command.clone()).collect();
    let apart = (0..SIZE).map(|n| subscribe(UserId(n.into()))).collect();
    let mut group = criterion.benchmark_group("footprint_add");
    group.throughput(Throughput::Elements(SIZE.into()));
    let batches: [(_, Vec<Command>); 2] = [("mixed", mixed), ("subscribe", apart)];
    for (name, commands) in batches {
        group.bench_function(BenchmarkId::new(name, SIZE), |bencher| {
            bencher.iter(|| {
                let mut footprint = Footprint::default();
                for command in black_box(&commands) {
                    footprint.add(SHOP, command);
                }
                footprint
            });
        });
    }
}
