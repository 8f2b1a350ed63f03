//! What a person at the terminal sees while it runs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// A bar on a terminal, lines elsewhere. Its length is in seconds, as estimated.
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: bool,
    begin: Instant,
    total: f64,
    done: f64,
}

/// Says something that stays on the screen.
pub(crate) fn say(text: &str) {
    let _ = writeln!(stderr(), "==> {text}");
}

impl Progress {
    /// For work that takes that many seconds, as estimated.
    pub(crate) fn new(total: f64) -> Self {
        let plain = !stderr().is_terminal();
        let target =
            if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let length = crate::number::count(total);
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template("[{bar:32}] {percent:>3} % {msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, plain, begin: Instant::now(), total, done: 0.0 }
    }

    /// Now something begins that was estimated at `seconds`.
    pub(crate) fn begin(&mut self, what: &str, seconds: f64) {
        let left = minutes(self.remaining());
        self.bar.set_position(crate::number::count(self.done));
        self.bar.set_message(format!("{what}, {left} left"));
        if self.plain {
            let percent = 100.0 * self.done / self.total.max(1.0);
            say(&format!("{percent:>3.0} % {what}, {left} left"));
        }
        self.done += seconds;
    }

    /// Shows a result above the bar.
    pub(crate) fn tell(&self, text: &str) {
        if self.plain {
            say(text);
        } else {
            self.bar.println(format!("    {text}"));
        }
    }

    /// What is left, by the estimate and by how it was kept so far.
    fn remaining(&self) -> f64 {
        let pace =
            if self.done > 20.0 { self.begin.elapsed().as_secs_f64() / self.done } else { 1.0 };
        (self.total - self.done).max(0.0) * pace
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A time as people say it.
pub(crate) fn minutes(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    if whole < 100 { format!("{whole} s") } else { format!("{} min {} s", whole / 60, whole % 60) }
}

#[cfg(test)]
mod tests {
    use super::minutes;

    #[test]
    fn times_are_told_in_minutes_when_long() {
        assert_eq!([12.4, 125.0].map(minutes), ["12 s", "2 min 5 s"]);
    }
}
