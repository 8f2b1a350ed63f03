//! What a person at the terminal sees while it runs.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};

/// A bar on a terminal, lines elsewhere. Its length is in steps of about equal length.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(steps: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(steps).unwrap_or_default());
        let template = "[{bar:32}] {pos}/{len} {msg}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// Now the next step begins.
    pub(crate) fn step(&self, what: &str) {
        self.0.inc(1);
        self.0.set_message(what.to_owned());
        if !stderr().is_terminal() {
            let length = self.0.length().unwrap_or_default();
            self.tell(&format!("{}/{length} {what}", self.0.position()));
        }
    }

    /// Shows something that stays on the screen.
    pub(crate) fn tell(&self, text: &str) {
        self.0.suspend(|| {
            let _ = writeln!(stderr(), "==> {text}");
        });
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
