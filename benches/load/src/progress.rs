//! What the tool says while it runs: a bar on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Leaves room for a wait on a terminal of 80 columns.
const TEMPLATE: &str = "{prefix:11} [{bar:20}] {pos:>4}/{len:4} {elapsed:>4} {wide_msg}";

/// One bar, used for each test in turn. Clones are the same bar.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
            // The template is a constant; were it wrong, the plain bar would do.
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        Self { bar }
    }

    /// The test called `title` begins and will take `length` steps.
    pub(crate) fn start(&self, title: &str, length: usize) {
        let Some(bar) = &self.bar else {
            return print_line(&format!("{title}: {length} requests"));
        };
        bar.reset();
        bar.set_length(u64::try_from(length).unwrap_or(u64::MAX));
        bar.set_prefix(title.to_owned());
        bar.set_message("");
        // The clock on the bar goes on while the tool waits.
        bar.enable_steady_tick(Duration::from_millis(200));
    }

    pub(crate) fn step(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Something worth keeping on the screen.
    pub(crate) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => print_line(&format!("  {text}")),
        }
    }

    /// Why nothing seems to happen just now.
    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => print_line(&format!("  {text}")),
        }
    }

    /// What was said last is no longer so.
    pub(crate) fn unsay(&self) {
        if let Some(bar) = &self.bar {
            bar.set_message("");
        }
    }

    /// Takes the bar away and leaves its place to the report.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn print_line(text: &str) {
    // Progress is a courtesy: a closed pipe is noticed when the report is printed.
    let _ = writeln!(io::stdout().lock(), "{text}");
}
