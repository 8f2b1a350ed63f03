//! An hour of arrivals at a share of what the product can do at most: do latencies and memory stay
//! as they are?

use super::http::{RATE_MAX, WARM_UP, drive};
use crate::bench::Bench;
use crate::driver::{Extent, Pace};
use crate::loads::subscribe;
use crate::number::{Spread, early_and_late, float};
use crate::results::Sample;
use crate::stack::{Servers, Stack};
use anyhow::Result;
use std::collections::BTreeMap;
use std::time::Duration;

/// The share of the rate of a closed loop.
const SHARE: f64 = 0.7;
/// What is measured at once.
const SLICE: Duration = Duration::from_mins(1);

/// What has to stay as it is.
const STEADY: [&str; 5] = ["p50_ms", "p99_ms", "api_mib", "worker_mib", "redis_mib"];

pub(super) async fn run(bench: &mut Bench, stack: &mut Stack, clients: usize) -> Result<Sample> {
    stack.stop().await?;
    // Redis may forget answers soon: what it keeps longer grows with that time.
    stack.tuning = vec![("IDEMPOTENCY_TTL_SECONDS", "60".to_owned())];
    stack.need(Servers::Product(1)).await?;
    let seconds = bench.options.seconds;
    let users = stack.database.users(RATE_MAX * (seconds + 2)).await?;
    let extent = Extent::Time(WARM_UP, Duration::from_secs(seconds));
    let load = subscribe(users, bench.next_run());
    let rate = drive(stack, clients, Pace::Closed, extent, load).await?.rate * SHARE;

    let slices = bench.options.soak_seconds.div_ceil(SLICE.as_secs());
    let length = (WARM_UP + SLICE).as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few millions")]
    let needed = (rate * length * float(slices) * 1.1) as u64;
    let users = stack.database.users(needed).await?;
    let (mut sample, mut slices_of) = (Sample::default(), BTreeMap::<&str, Vec<f64>>::new());
    for _ in 0..slices {
        let run = bench.next_run();
        let pace = Pace::Open { rate, seed: run.into() };
        let extent = Extent::Time(WARM_UP, SLICE);
        let slice = drive(stack, clients, pace, extent, subscribe(users.clone(), run)).await?;
        for name in STEADY {
            slices_of.entry(name).or_default().extend(figure(&slice, name));
        }
        sample = Sample { operations: sample.operations + slice.operations, ..slice };
        if sample.invalid.is_some() {
            break;
        }
    }
    stack.tuning.clear();
    stack.stop().await?;
    for (name, values) in slices_of {
        let (Some((early, late)), Some(spread)) =
            (early_and_late(&values), Spread::of(values.iter().copied()))
        else {
            continue;
        };
        let all = [("early", early), ("late", late), ("all", spread.median), ("most", spread.max)];
        for (when, value) in all {
            sample.note(&format!("{name}_{when}"), value);
        }
    }
    Ok(sample)
}

fn figure(slice: &Sample, name: &str) -> Option<f64> {
    match name {
        "p50_ms" => slice.latency.map(|latency| latency.p50),
        "p99_ms" => slice.latency.map(|latency| latency.p99),
        _ => slice.figures.get(name).copied(),
    }
}
