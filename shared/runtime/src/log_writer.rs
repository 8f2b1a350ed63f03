//! Where log lines go: through a bounded buffer to a thread that writes them to standard error.
//!
//! A log must never cost an answer. Standard error may be a pipe that nobody reads, a pipe that is
//! closed, or a file on a full disk. A line that finds no room, or that cannot be written, is lost
//! and counted, and nobody waits for it.

use std::io::{self, ErrorKind, Write, stderr};
use std::mem::{replace, swap, take};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// The most bytes that wait to be written. It is some thousand lines.
const WAITING_MAX: usize = 1024 * 1024;
/// The pause after each write. What comes meanwhile is written together, which costs less CPU time
/// than a write for each line.
const PAUSE: Duration = Duration::from_millis(5);
/// The most memory that an empty buffer keeps.
const KEPT_MAX: usize = 256 * 1024;
/// The longest wait for the last lines when the process ends.
const FLUSH_MAX: Duration = Duration::from_millis(250);

/// The writer of this process. There is one standard error.
static WRITER: LazyLock<LogWriter> = LazyLock::new(LogWriter::default);

/// A writer that never waits and never fails.
#[derive(Default)]
struct LogWriter {
    state: Mutex<State>,
    /// Notified when lines come while the thread waits for some.
    filled: Condvar,
    /// Notified when all lines are written.
    written: Condvar,
}

#[derive(Default)]
struct State {
    is_started: bool,
    /// The lines that are to be written.
    waiting: Vec<u8>,
    /// Whether the thread is awake. If it is, it looks for more lines by itself.
    is_busy: bool,
    /// Lines lost since the start.
    lost: u64,
    /// Lines lost that the log does not tell of yet.
    untold: u64,
}

/// Starts the thread that writes. Call it once.
pub(crate) fn start() -> io::Result<()> {
    thread::Builder::new().name("logs".to_owned()).spawn(|| WRITER.run())?;
    WRITER.lock().is_started = true;
    Ok(())
}

/// How many lines were lost since the start.
pub(crate) fn lines_lost() -> u64 {
    WRITER.lock().lost
}

/// Writes a message among the log lines, or at once if there is no log yet.
pub(crate) fn say(message: &str) {
    if WRITER.lock().is_started {
        WRITER.put(message.as_bytes());
    } else {
        write(message.as_bytes());
    }
}

/// Waits until all lines are written, but not for long: the process is about to end.
pub(crate) fn flush() {
    let is_open = |state: &mut State| state.is_busy || !state.waiting.is_empty();
    drop(WRITER.written.wait_timeout_while(WRITER.lock(), FLUSH_MAX, is_open));
}

impl LogWriter {
    fn put(&self, lines: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + lines.len() > WAITING_MAX {
            state.lose(lines);
            return;
        }
        state.waiting.extend_from_slice(lines);
        if !replace(&mut state.is_busy, true) {
            self.filled.notify_one();
        }
    }

    fn run(&self) -> ! {
        let (mut lines, mut is_torn) = (Vec::new(), false);
        loop {
            self.take(&mut lines);
            // The end of a line may be lost. The next one begins on a line of its own.
            let is_ready = !is_torn || write(b"\n") > 0;
            let written = if is_ready { write(&lines) } else { 0 };
            let (done, lost) = lines.split_at_checked(written).unwrap_or_default();
            is_torn = done.last().map_or(is_torn && !is_ready, |byte| *byte != b'\n');
            let untold = self.lock().note(lost);
            if untold > 0 {
                tracing::warn!(lines = untold, "log lines were lost");
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits for lines, and takes them all.
    fn take(&self, lines: &mut Vec<u8>) {
        lines.clear();
        lines.shrink_to(KEPT_MAX);
        let mut state = self.lock();
        while state.waiting.is_empty() {
            state.is_busy = false;
            self.written.notify_all();
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        swap(&mut state.waiting, lines);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lose(&mut self, lines: &[u8]) {
        let count = lines.split_inclusive(|byte| *byte == b'\n').count();
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.lost += count;
        self.untold += count;
    }

    /// Counts what could not be written. If there is nothing of it, returns how many lines the log
    /// has to be told of.
    fn note(&mut self, lost: &[u8]) -> u64 {
        self.lose(lost);
        if lost.is_empty() { take(&mut self.untold) } else { 0 }
    }
}

/// Writes as much as can be written, and returns how many bytes that was.
fn write(lines: &[u8]) -> usize {
    let mut written = 0;
    while let Some(rest) = lines.get(written..).filter(|rest| !rest.is_empty()) {
        match stderr().write(rest) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Another process that has the same pipe may have made it non-blocking.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    written
}

/// The handle that `tracing` writes a line with.
#[derive(Clone, Copy)]
pub(crate) struct Lines;

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        WRITER.put(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}
