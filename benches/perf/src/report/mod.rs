//! What is written: the report, the figures, the pictures.

mod bars;
mod charts;
mod compare;
mod costs;
mod limits;
mod long_words;
mod pictures;
mod ratio_table;
mod ratios;
mod recorded;
mod row;
mod tables;

use crate::results::Results;
use anyhow::{Context, Result};
use std::fmt::Write;
use std::path::Path;

/// Writes everything into a folder.
pub(crate) fn write(results: &Results, folder: &Path, compare: Option<&Path>) -> Result<String> {
    let rows = ratios::rows(results);
    let mut report = tables::report(results, &rows);
    if let Some(file) = compare {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let old: Results = serde_json::from_str(&text).context("not a results.json of ours")?;
        report.push_str(&compare::table(&old, results));
    }
    let pictures = pictures::draw(results)?;
    for (name, svg) in &pictures {
        std::fs::write(folder.join(format!("{name}.svg")), svg)?;
        // Writing to a String cannot fail.
        let _ = writeln!(report, "\n![{name}]({name}.svg)");
    }
    std::fs::write(folder.join("report.md"), &report)?;
    std::fs::write(folder.join("results.json"), serde_json::to_string_pretty(results)?)?;
    Ok(ratio_table::summary(&rows))
}
