//! A table in Markdown, which is read at a terminal as well.

use std::fmt::Write;

/// A title, some words, and rows that are as long as the head.
pub(crate) struct Table {
    title: String,
    words: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, words: &str, head: &[&str]) -> Self {
        let head = head.iter().map(ToString::to_string).collect();
        Self { title: title.to_owned(), words: words.to_owned(), rows: vec![head] }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| cell.replace(['|', '\n'], " ")).collect());
    }

    /// Columns of equal width, numbers to the right. Nothing of a table without rows.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("\n## {}\n\n{}\n\n", self.title, self.words);
        let columns = self.rows.first().map_or(0, Vec::len);
        let length = |cell: &String| cell.chars().count();
        let width = |at| self.rows.iter().filter_map(|row| row.get(at).map(length)).max();
        let widths: Vec<usize> = (0..columns).filter_map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
                // Writing to a String cannot fail.
                let _ = match at {
                    0 => write!(text, "| {cell:<width$} |"),
                    _ => write!(text, " {cell:>width$} |"),
                };
            }
            text.push('\n');
            if number == 0 {
                let _ = writeln!(text, "|---|{}", "--:|".repeat(columns.saturating_sub(1)));
            }
        }
        if self.rows.len() < 2 { String::new() } else { text }
    }
}
