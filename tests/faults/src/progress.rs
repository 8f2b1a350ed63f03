//! The progress of a campaign, shown at the terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// The interval between lines when there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// A progress bar on a terminal; lines elsewhere.
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
    last_line: Mutex<Instant>,
}

/// Prints a line that stays on the screen.
pub fn say(text: &str) {
    let _ = writeln!(stderr(), "==> {text}");
}

impl Progress {
    /// A bar of `length` steps under `title`.
    #[must_use]
    pub fn new(title: &str, length: u64) -> Self {
        let plain = !stderr().is_terminal();
        let target =
            if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        let template = "{prefix:>9} [{bar:32}] {pos}/{len} {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(title.to_owned());
        Self { bar, plain, last_line: Mutex::new(Instant::now()) }
    }

    /// Moves to `position` and shows `message`.
    pub fn show(&self, position: u64, message: &str) {
        self.bar.set_position(position);
        self.bar.set_message(message.to_owned());
        self.line();
    }

    /// Moves the bar by one step.
    pub fn step(&self) {
        self.bar.inc(1);
        self.line();
    }

    fn line(&self) {
        let mut last = self.last_line.lock().unwrap_or_else(PoisonError::into_inner);
        if self.plain && last.elapsed() >= LINE_INTERVAL {
            *last = Instant::now();
            let (position, length) = (self.bar.position(), self.bar.length().unwrap_or_default());
            say(&format!("{} {position}/{length} {}", self.bar.prefix(), self.bar.message()));
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
