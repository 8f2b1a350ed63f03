//! What is written: the report and the figures.

mod compare;
mod ratios;
mod tables;

use crate::results::Results;
use anyhow::{Context, Result};
use std::path::Path;

/// Writes everything into a folder, and returns what to show at the terminal.
pub(crate) fn write(results: &Results, folder: &Path, earlier: Option<&Path>) -> Result<String> {
    let Results { began, command, samples, against } = results;
    let mut summary = match against {
        Some(old) => compare::by_turns(samples, old).markdown(),
        None => ratios::table(samples)?.markdown(),
    };
    if let Some(file) = earlier {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let earlier: Results = serde_json::from_str(&text).context("not a results.json of ours")?;
        summary.push_str(&compare::with_earlier(&earlier, samples).markdown());
    }
    let mut report = format!(
        "# Benchmark of {began} UTC\n\n`{command}`: Postgres with `fsync` and \
         `synchronous_commit`, Redis with `appendfsync everysec`; the load generator shares \
         the machine.\n{summary}"
    );
    report.push_str(&tables::of_build("", samples));
    report.extend(against.as_ref().map(|old| tables::of_build(", old build", old)));
    std::fs::write(folder.join("report.md"), &report)?;
    std::fs::write(folder.join("results.json"), serde_json::to_string_pretty(results)?)?;
    Ok(summary)
}
