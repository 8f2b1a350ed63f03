//! A run from its begin to its report.

use crate::machine::{Machine, Noise, Watch};
use crate::number::{float, shown};
use crate::options::Options;
use crate::progress::{Progress, minutes, say};
use crate::results::{Results, Sample};
use crate::scenario::{self, Bench, Scenario};
use crate::{instructions, long, report};
use anyhow::{Context, Result, ensure};
use std::io::{Write, stdout};
use std::path::PathBuf;

/// Making databases and users.
const PREPARATION_SECONDS: f64 = 12.0;

/// True when every sample is valid. A target that is missed is a finding, not a failure.
pub(crate) async fn run(options: Options) -> Result<bool> {
    let chosen = scenario::chosen(&options.only);
    if options.list {
        let names: Vec<&str> = chosen.iter().map(|scenario| scenario.name.as_str()).collect();
        writeln!(stdout().lock(), "{}", names.join("\n"))?;
        return Ok(true);
    }
    let more = options.long || options.instructions;
    ensure!(!chosen.is_empty() || more, "no scenario has such a name: see --list");
    ensure!(
        options.postgres_pid > 0 && options.redis_pid > 0,
        "this program measures servers that `make bench` starts: run that"
    );
    let began = shared::clock::now();
    let folder = folder(&options, &began.format("%Y%m%dT%H%M%SZ").to_string())?;
    let total = estimate(&options, &chosen);
    say(&format!("about {} for {} scenarios", minutes(total), chosen.len()));
    let mut progress = Progress::new(total);
    let mut results = Results {
        began: began.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        command: std::env::args()
            .skip(1)
            .fold("make bench".to_owned(), |line, arg| line + " " + &arg),
        machine: Machine::read(),
        ..Results::default()
    };
    let noise = Noise::start(Watch::default());
    let compare = options.compare.clone();
    let ended = measure(options, &chosen, &folder, &mut progress, &mut results).await;
    progress.finish();
    results.steal_percent = noise.steal_percent();
    // Also of a run that broke off: what was measured was measured.
    let summary = report::write(&results, &folder, compare.as_deref())?;
    ended?;
    writeln!(stdout().lock(), "{summary}")?;
    say(&format!("report: {}", folder.join("report.md").display()));
    Ok(results.samples.values().flatten().all(|sample| sample.invalid.is_none()))
}

fn folder(options: &Options, name: &str) -> Result<PathBuf> {
    let default = || PathBuf::from(".data/bench").join(name);
    let folder = options.out.clone().unwrap_or_else(default);
    std::fs::create_dir_all(folder.join("logs"))
        .with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.canonicalize()?)
}

fn estimate(options: &Options, chosen: &[Scenario]) -> f64 {
    let each = |scenario: &Scenario| {
        let rounds = if scenario.is_once() { 1.0 } else { f64::from(options.rounds) };
        rounds * scenario.estimate(float(options.seconds), options.jobs)
    };
    let long =
        if options.long { long::estimate(options.long_count, options.growth_rows) } else { 0.0 };
    let instructions = if options.instructions { instructions::SECONDS } else { 0.0 };
    PREPARATION_SECONDS + chosen.iter().map(each).sum::<f64>() + long + instructions
}

async fn measure(
    options: Options,
    chosen: &[Scenario],
    folder: &std::path::Path,
    progress: &mut Progress,
    results: &mut Results,
) -> Result<()> {
    progress.begin("making databases and users", PREPARATION_SECONDS);
    let (rounds, seconds, jobs) = (options.rounds, float(options.seconds), options.jobs);
    let (with_long, with_instructions) = (options.long, options.instructions);
    let mut bench = Bench::new(options, folder.join("logs")).await?;
    for round in 1..=rounds {
        for scenario in chosen.iter().filter(|scenario| round == 1 || !scenario.is_once()) {
            let what = format!("round {round}/{rounds}: {}", scenario.name);
            progress.begin(&what, scenario.estimate(seconds, jobs));
            let sample = bench.run(scenario, results).await?;
            progress.tell(&line(&scenario.name, &sample));
            results.samples.entry(scenario.name.clone()).or_default().push(sample);
        }
    }
    bench.stack.stop().await?;
    if with_long {
        let saturation = results.rate(scenario::SATURATION).map(|rate| rate.median);
        results.long = long::run(&mut bench, progress, saturation).await?;
    }
    if with_instructions {
        results.instructions = instructions::run(&mut bench, progress).await?;
    }
    Ok(())
}

fn line(name: &str, sample: &Sample) -> String {
    let latency = sample.latency.map_or_else(String::new, |latency| {
        format!("  p50 {:>7} ms  p99 {:>7} ms", shown(latency.p50), shown(latency.p99))
    });
    let rate = shown(sample.rate);
    let cpu = shown(sample.cpu_total_us());
    let invalid = sample
        .invalid
        .as_ref()
        .map_or_else(String::new, |why| format!("  INVALID, {} errors: {why}", sample.errors));
    format!("{name:<22}{rate:>9}/s{latency}  {cpu:>6} µs CPU{invalid}")
}
