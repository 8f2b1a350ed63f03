//! What operations cost beside time: CPU, bytes on the disk, memory, instructions.

use super::tables::in_order;
use crate::instructions::Instructions;
use crate::number::shown;
use crate::results::{Results, Sample};
use crate::spread::Spread;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A table each.
pub(super) fn write(text: &mut String, results: &Results) -> std::fmt::Result {
    write_cpu(text, results)?;
    write_logs(text, results)?;
    write_memory(text, results)?;
    write_instructions(text, results)
}

fn write_cpu(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "\n## CPU time an operation\n")?;
    writeln!(text, "In microseconds. `load` is our load generator.\n")?;
    let names = in_order(results);
    let parts: BTreeSet<&String> = names
        .iter()
        .flat_map(|name| results.valid(name).flat_map(|sample| sample.cpu_us.keys()))
        .collect();
    let heads: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
    writeln!(text, "| Scenario | {} | sum |", heads.join(" | "))?;
    writeln!(text, "|---|{}--:|", "--:|".repeat(heads.len()))?;
    for name in names {
        let cell = |spread: Option<Spread>| spread.map_or_else(String::new, |s| shown(s.median));
        let cells: Vec<String> = heads
            .iter()
            .map(|part| cell(results.spread(&name, |sample| sample.cpu_us.get(*part).copied())))
            .collect();
        let sum = cell(results.spread(&name, |sample| Some(sample.cpu_total_us())));
        writeln!(text, "| {name} | {} | {sum} |", cells.join(" | "))?;
    }
    Ok(())
}

fn write_logs(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "\n## Written to disk\n")?;
    writeln!(text, "Bytes an operation, in the logs of Postgres (WAL) and of Redis (AOF).\n")?;
    writeln!(text, "| Scenario | WAL | AOF |\n|---|--:|--:|")?;
    for name in in_order(results) {
        let bytes = |log: &str| results.spread(&name, |sample| sample.figures.get(log).copied());
        if let (Some(wal), Some(aof)) = (bytes("wal_bytes"), bytes("aof_bytes")) {
            writeln!(text, "| {name} | {wal} | {aof} |")?;
        }
    }
    Ok(())
}

fn write_instructions(text: &mut String, results: &Results) -> std::fmt::Result {
    if results.instructions.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n## Instructions an operation\n\nIn thousands, one client, by callgrind.\n")?;
    writeln!(text, "| Operation | api | worker |\n|---|--:|--:|")?;
    for Instructions { operation, each } in &results.instructions {
        let of = |component: &str| shown(each.get(component).copied().unwrap_or_default() / 1000.0);
        writeln!(text, "| {operation} | {} | {} |", of("api"), of("worker"))?;
    }
    Ok(())
}

fn write_memory(text: &mut String, results: &Results) -> std::fmt::Result {
    writeln!(text, "\n## Memory\n")?;
    writeln!(text, "The most of any round, in MiB.\n")?;
    writeln!(text, "| Scenario | api | api, peak | worker | worker, peak | Redis, data |")?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|")?;
    for name in in_order(results) {
        let most = |figure: &dyn Fn(&Sample) -> Option<f64>| {
            results.spread(&name, figure).map_or_else(String::new, |s| shown(s.max))
        };
        let now = |part: &str| most(&|s| Some(s.memory.get(part)?.now_mib));
        let peak = |part: &str| most(&|s| Some(s.memory.get(part)?.peak_mib));
        if results.valid(&name).any(|sample| !sample.memory.is_empty()) {
            let redis = most(&|s| s.figures.get("redis_used_mib").copied());
            let (api, worker) = (now("api"), now("worker"));
            let (api_peak, worker_peak) = (peak("api"), peak("worker"));
            writeln!(text, "| {name} | {api} | {api_peak} | {worker} | {worker_peak} | {redis} |")?;
        }
    }
    Ok(())
}
