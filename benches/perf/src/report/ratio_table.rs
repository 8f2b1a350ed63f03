//! The table of ratios, as Markdown and for the terminal.

use super::row::{Row, Target};
use crate::number::shown;
use std::fmt::Write;

/// Markdown.
pub(super) fn write(text: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        text,
        "| Measure | Ours | Reference | | Original (recorded) | Ratio | Target | Met |"
    )?;
    writeln!(text, "|---|--:|--:|---|--:|--:|--:|---|")?;
    for row in rows {
        let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), shown);
        let (here, before) =
            if row.recorded { (None, row.reference) } else { (row.reference, None) };
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.measure,
            cell(row.ours),
            cell(here),
            row.of,
            cell(before),
            cell(row.ratio()),
            target(row.target),
            met(row)
        )?;
    }
    writeln!(
        text,
        "\nFigures of the original were recorded on another day on a machine like this one; all \
         others are of this run. Two things stand for the original in this run. Its own figure, scaled \
         by how fast pgbench sends its statements now and did then, by a Unix socket both times. And the \
         synchronous path; it shares the Redis of the product, which syncs every write."
    )
}

fn target(target: Target) -> String {
    match target {
        Target::AtLeast(least) => format!("≥ {least}"),
        Target::AtMost(most) => format!("≤ {most}"),
        Target::None => String::new(),
    }
}

fn met(row: &Row) -> &'static str {
    match (row.target, row.is_met()) {
        (_, Some(true)) => "yes",
        (_, Some(false)) => "**no**",
        (Target::None, None) => "",
        (_, None) => "not measured",
    }
}

/// For the terminal: what was to be reached, and whether it was.
pub(super) fn summary(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| row.is_met().is_some()) {
        let mark = if row.is_met() == Some(true) { '✓' } else { '✗' };
        let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), shown);
        let _ = writeln!(
            text,
            "{mark} {:<56} {:>9}  {:>6} × {:<38} {}",
            row.measure,
            cell(row.ours),
            cell(row.ratio()),
            row.of,
            target(row.target)
        );
    }
    text
}
