//! What the pictures show.

use super::bars::{Bar, bars};
use super::charts::{Area, Axes, Series, lines, picture};
use crate::number::float;
use crate::results::{Latency, Results, slot_seconds};
use anyhow::Result;
use plotters::prelude::IntoLogRange;

/// The components of a bar, from the bottom up.
const PARTS: [&str; 7] = ["postgres", "redis", "worker", "api", "reference", "pgbench", "load"];

/// All that there is something to draw of: name, SVG.
pub(super) fn draw(results: &Results) -> Result<Vec<(&'static str, String)>> {
    let mut pictures = Vec::new();
    let mut add = |name, svg: Option<String>| pictures.extend(svg.map(|svg| (name, svg)));
    add("throughput", throughput(results)?);
    add("latency", latency(results)?);
    add("timeline", timeline(results)?);
    add("cpu", cpu(results)?);
    add("redis", redis(results)?);
    add("sweep", sweep(results)?);
    Ok(pictures)
}

fn most(series: &[Series]) -> f64 {
    let all = series.iter().flat_map(|one| one.points.iter().map(|point| point.1));
    all.fold(0.0, f64::max).max(1e-3)
}

fn last_x(series: &[Series]) -> f64 {
    let all = series.iter().flat_map(|one| one.points.iter().map(|point| point.0));
    all.fold(0.0, f64::max).max(1e-3)
}

fn throughput(results: &Results) -> Result<Option<String>> {
    let lines_of = [
        ("api and worker", "subscribe-"),
        ("api and two workers", "workers-2-"),
        ("pgbench, one statement", "pgbench-one-"),
        ("pgbench, separate statements", "pgbench-separate-"),
        ("synchronous path", "sync-"),
    ];
    let clients = [1_u32, 4, 16, 64, 128, 256];
    let series = lines_of.map(|(name, prefix)| {
        let at = |n: &u32| Some((f64::from(*n), results.rate(&format!("{prefix}{n}"))?.median));
        Series { name: name.to_owned(), points: clients.iter().filter_map(at).collect() }
    });
    let series: Vec<Series> = series.into_iter().filter(|one| !one.points.is_empty()).collect();
    if series.is_empty() {
        return Ok(None);
    }
    let axes = Axes {
        title: "Durable subscribes a second, over clients",
        x: "clients, each with one request at a time (log scale)",
        y: "subscribes a second",
        marks: true,
    };
    // Room for the legend.
    let y = 0.0..most(&series) * 1.35;
    let x = (0.9..300.0).log_scale().base(2.0);
    picture(|area| lines(area, &axes, &series, x, y)).map(Some)
}

fn latency(results: &Results) -> Result<Option<String>> {
    let percents = [20, 40, 60, 70, 80, 90];
    let line = |name: &str, figure: fn(&Latency) -> f64| {
        let point = |percent: &i32| {
            let scenario = format!("open-{percent}");
            let offered = results.spread(&scenario, |s| s.figures.get("offered_rate").copied())?;
            Some((offered.median, results.latency(&scenario, figure)?.median))
        };
        Series { name: name.to_owned(), points: percents.iter().filter_map(point).collect() }
    };
    let series = [line("p99", |l| l.p99), line("p95", |l| l.p95), line("p50", |l| l.p50)];
    if series.iter().any(|one| one.points.len() < 2) {
        return Ok(None);
    }
    let axes = Axes {
        title: "Latency of a durable subscribe, over load (open loop, 64 connections)",
        x: "subscribes a second, offered",
        y: "ms, from when it was meant to be sent (log scale)",
        marks: true,
    };
    let least = series.iter().flat_map(|one| one.points.iter().map(|p| p.1));
    let least = least.fold(f64::MAX, f64::min);
    // Whole decades, which have marks of their own.
    let (low, high) = (least.max(1e-3).log10().floor(), most(&series).log10().ceil());
    let y = (10_f64.powf(low)..10_f64.powf(high)).log_scale();
    let x = 0.0..last_x(&series) * 1.08;
    picture(|area| lines(area, &axes, &series, x, y)).map(Some)
}

/// Something, and under it the p99, by the tenth of a second.
fn two_rows(
    area: &Area<'_>,
    title: &str,
    slots: &[(u64, f64)],
    upper: (&str, Vec<(f64, f64)>),
) -> Result<()> {
    let halves = area.split_evenly((2, 1));
    let at = |slot: usize| float(u64::try_from(slot).unwrap_or_default()) * slot_seconds();
    let p99 = slots.iter().enumerate().map(|(slot, (_, p99))| (at(slot), *p99)).collect();
    let end = at(slots.len()).max(1e-3);
    let rows = [(title, upper.0, upper.1), ("", "p99, ms", p99)];
    for (half, (title, y, points)) in halves.iter().zip(rows) {
        let series = [Series { name: y.to_owned(), points }];
        let axes = Axes { title, x: "seconds", y, marks: false };
        lines(half, &axes, &series, 0.0..end, 0.0..most(&series) * 1.15)?;
    }
    Ok(())
}

fn timeline(results: &Results) -> Result<Option<String>> {
    let Some(sample) = results.valid("subscribe-64").last() else { return Ok(None) };
    let slots = &sample.timeline;
    if slots.len() < 2 {
        return Ok(None);
    }
    let rate = |(slot, (answers, _)): (usize, &(u64, f64))| {
        let at = float(u64::try_from(slot).unwrap_or_default()) * slot_seconds();
        (at, float(*answers) / slot_seconds())
    };
    let rates = slots.iter().enumerate().map(rate).collect();
    let title = "64 clients, closed loop, by the tenth of a second";
    picture(|area| two_rows(area, title, slots, ("answers a second", rates))).map(Some)
}

fn cpu(results: &Results) -> Result<Option<String>> {
    let scenarios = [
        ("synchronous path", "sync-64"),
        ("api and worker", "subscribe-64"),
        ("pgbench, separate", "pgbench-separate-64"),
        ("pgbench, one", "pgbench-one-64"),
        ("bare echo", "echo-64"),
    ];
    let part = |scenario: &str, part: &str| {
        let spread = results.spread(scenario, |sample| sample.cpu_us.get(part).copied());
        spread.map_or(0.0, |spread| spread.median)
    };
    let measured = scenarios.iter().filter(|(_, name)| results.rate(name).is_some());
    let all: Vec<Bar> = measured
        .map(|(title, name)| Bar {
            name: (*title).to_owned(),
            parts: PARTS.iter().map(|component| part(name, component)).collect(),
        })
        .collect();
    if all.len() < 2 {
        return Ok(None);
    }
    let axes = Axes {
        title: "CPU time of a durable subscribe, 64 clients",
        x: "",
        y: "µs an operation",
        marks: false,
    };
    picture(|area| bars(area, &axes, &PARTS, &all)).map(Some)
}

fn redis(results: &Results) -> Result<Option<String>> {
    if results.long.redis.len() < 2 {
        return Ok(None);
    }
    let points = results.long.redis.iter().map(|(commands, mib)| (float(*commands), *mib));
    let series = [Series { name: "memory".to_owned(), points: points.collect() }];
    let axes = Axes {
        title: "Memory of Redis over commands, answers kept for a second",
        x: "commands",
        y: "MiB",
        marks: true,
    };
    let (x, y) = (0.0..last_x(&series), 0.0..most(&series) * 1.15);
    picture(|area| lines(area, &axes, &series, x, y)).map(Some)
}

fn sweep(results: &Results) -> Result<Option<String>> {
    let Some(sweep) = &results.long.sweep else { return Ok(None) };
    if sweep.timeline.len() < 2 || sweep.due.len() < 2 {
        return Ok(None);
    }
    let due = sweep.due.iter().map(|(at, left)| (*at, float(*left))).collect();
    let title = "A sweep of many due rows, and the p99 of writes beside it";
    picture(|area| two_rows(area, title, &sweep.timeline, ("rows that are due", due))).map(Some)
}
