//! A run from its begin to its report.

use crate::bench::Bench;
use crate::number::shown;
use crate::options::Options;
use crate::progress::Progress;
use crate::results::{Results, Sample};
use crate::scenario::{self, Scenario};
use crate::stack::Stack;
use crate::{instructions, report};
use anyhow::{Result, ensure};
use std::io::{Write, stdout};

/// True when every sample is valid. A target that is missed is a finding, not a failure.
pub(crate) async fn run(options: Options) -> Result<bool> {
    let chosen = scenario::chosen(&options);
    if options.list {
        let names: Vec<&str> = chosen.iter().map(|scenario| scenario.name.as_str()).collect();
        writeln!(stdout().lock(), "{}", names.join("\n"))?;
        return Ok(true);
    }
    ensure!(!chosen.is_empty(), "no scenario has such a name: see --list");
    let servers = !options.bench_postgres_url.is_empty() && !options.bench_redis_url.is_empty();
    ensure!(servers, "this program measures servers that `make bench` starts: run that");
    let builds = if options.against.is_some() { 2 } else { 1 };
    let rounds = |scenario: &Scenario| if scenario.is_once() { 1 } else { options.rounds() };
    let steps = chosen.iter().map(rounds).sum::<usize>() + 1 + usize::from(options.instructions);
    let progress = Progress::new(builds * steps);
    let mut bench = Bench::new(options).await?;
    let mut stacks = Vec::new();
    let ended = measure(&mut bench, &chosen, &mut stacks, &progress).await;
    progress.finish();
    // Also of a run that broke off: what was measured was measured.
    let mut builds = stacks.into_iter().map(|stack| stack.samples);
    let args = std::env::args().skip(1);
    let results = Results {
        began: bench.began,
        command: args.fold("make bench".to_owned(), |line, arg| line + " " + &arg),
        samples: builds.next().unwrap_or_default(),
        against: builds.next(),
    };
    let summary = report::write(&results, &bench.folder, bench.options.compare.as_deref())?;
    ended?;
    writeln!(stdout().lock(), "{summary}")?;
    progress.tell(&format!("report: {}", bench.folder.join("report.md").display()));
    let mut samples = [Some(&results.samples), results.against.as_ref()]
        .into_iter()
        .flatten()
        .flat_map(|samples| samples.0.values().flatten());
    Ok(samples.all(|sample| sample.invalid.is_none()))
}

async fn measure(
    bench: &mut Bench,
    chosen: &[Scenario],
    stacks: &mut Vec<Stack>,
    progress: &Progress,
) -> Result<()> {
    let Options { programs, against, instructions, .. } = bench.options.clone();
    for (name, programs) in [("new", Some(programs)), ("old", against)] {
        let Some(programs) = programs else { continue };
        progress.step("making databases and users");
        stacks.push(Stack::new(bench, name, programs).await?);
    }
    for round in 1..=bench.options.rounds() {
        stop(bench, stacks).await?;
        measure_round(bench, chosen, stacks, progress, round).await?;
    }
    stop(bench, stacks).await?;
    for stack in stacks.iter_mut().filter(|_| instructions) {
        progress.step(&format!("counting instructions, {}", stack.name));
        instructions::count(bench, stack, chosen).await?;
    }
    Ok(())
}

/// Each scenario of each build, in an order that alternates: what one leaves behind, and what goes
/// on on the machine, hits both.
async fn measure_round(
    bench: &mut Bench,
    chosen: &[Scenario],
    stacks: &mut [Stack],
    progress: &Progress,
    round: usize,
) -> Result<()> {
    let of_round = chosen.iter().filter(|scenario| round == 1 || !scenario.is_once());
    for (turn, scenario) in (round..).zip(of_round) {
        let mut by_turns: Vec<&mut Stack> = stacks.iter_mut().collect();
        if turn.is_multiple_of(2) {
            by_turns.reverse();
        }
        for stack in by_turns {
            let what = format!("round {round}: {}, {}", scenario.name, stack.name);
            progress.step(&what);
            let sample = scenario.run(bench, stack).await?;
            progress.tell(&line(&what, &sample));
            stack.samples.0.entry(scenario.name.clone()).or_default().push(sample);
        }
    }
    Ok(())
}

/// Ends all processes, and begins with an empty Redis.
async fn stop(bench: &Bench, stacks: &mut [Stack]) -> Result<()> {
    for stack in stacks {
        stack.stop().await?;
    }
    bench.redis.flush()
}

fn line(what: &str, sample: &Sample) -> String {
    let (rate, cpu) = (shown(sample.rate), shown(sample.cpu_servers_us()));
    let latency = sample.latency.unwrap_or_default();
    let (p50, p99) = (shown(latency.p50), shown(latency.p99));
    let invalid = sample.invalid.as_ref().map(|why| format!("  INVALID: {why}"));
    format!(
        "{what:<41}{rate:>6}/s  p50 {p50:>6} ms  p99 {p99:>6} ms  CPU {cpu:>6} µs{}",
        invalid.unwrap_or_default()
    )
}
