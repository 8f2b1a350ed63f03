//! A child process, with its log, its signals and its end.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use crate::{Settings, eventually};

/// The signals that a test sends to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: asks it to stop.
    Terminate,
    /// SIGINT, as by Ctrl-C.
    Interrupt,
    /// SIGKILL: ends it at once.
    Kill,
    /// SIGSTOP: freezes it.
    Stop,
    /// SIGCONT: lets it go on.
    Continue,
}

/// A running child process, which is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with exactly `settings` as environment, its output appended to `log`.
    pub fn spawn(program: &Path, args: &[String], settings: &Settings, log: &Path) -> Result<Self> {
        let output = OpenOptions::new().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .args(args)
            .env_clear()
            .envs(settings.environment())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to the process.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let name = match signal {
            Signal::Terminate => "TERM",
            Signal::Interrupt => "INT",
            Signal::Kill => "KILL",
            Signal::Stop => "STOP",
            Signal::Continue => "CONT",
        };
        // The shell has a built-in `kill`. A bare machine has no other.
        let status = Command::new("sh")
            .args(["-c", &format!("kill -s {name} {}", self.child.id())])
            .status()?;
        ensure!(status.success(), "kill -s {name} {}: {status}", self.child.id());
        Ok(())
    }

    /// The exit status if the process has ended.
    pub fn try_exit(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the end of the process.
    pub async fn exit(&mut self, within: Duration) -> Result<ExitStatus> {
        let child = &mut self.child;
        let ended = eventually("process ends", within, async || Ok(child.try_wait()?)).await;
        ended.with_context(|| log_tail(&self.log, 20))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL ends a stopped process, too. These calls fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last lines of a log, under its name.
#[must_use]
pub fn log_tail(log: &Path, lines: usize) -> String {
    let text = log_text(log);
    let all: Vec<&str> = text.lines().collect();
    let tail = all.get(all.len().saturating_sub(lines)..).unwrap_or_default();
    format!("--- {}\n{}\n", log.display(), tail.join("\n"))
}

/// The text of a log; empty if the log does not exist.
#[must_use]
pub fn log_text(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_ends_by_signal_and_its_log_is_kept() {
        let log = std::env::temp_dir().join(format!("process-{}", std::process::id()));
        let script = "trap 'echo bye; exit 3' TERM; echo hello; while :; do sleep 0.05; done";
        let args = ["-c".to_owned(), script.to_owned()];
        let mut child = Process::spawn(Path::new("sh"), &args, &Settings::default(), &log).unwrap();
        let said = |word: &str| log_text(&log).contains(word);
        let hello =
            crate::eventually_true("hello", Duration::from_secs(5), async || Ok(said("hello")));
        hello.await.unwrap();
        child.signal(Signal::Stop).unwrap();
        child.signal(Signal::Terminate).unwrap();
        assert!(child.try_exit().unwrap().is_none());
        child.signal(Signal::Continue).unwrap();
        let status = child.exit(Duration::from_secs(5)).await.unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(said("bye") && log_tail(&log, 1).ends_with("bye\n"));
        fs::remove_file(&log).unwrap();
    }
}
