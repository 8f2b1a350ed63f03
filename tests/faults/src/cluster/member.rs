//! One process of the product, which can be ended and started again on its address.

use super::clock::Clock;
use crate::checker::Incident;
use anyhow::{Context, Result, ensure};
use e2e::{Client, Kind, Process, Settings, eventually_true};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A process that runs or can be started.
pub struct Member {
    kind: Kind,
    name: String,
    address: SocketAddr,
    settings: Settings,
    program: PathBuf,
    log: PathBuf,
    clock: Option<Clock>,
    process: Option<Process>,
    revivals: u32,
    incidents: Vec<Incident>,
}

impl Member {
    /// A process that does not run yet.
    pub fn new(
        kind: Kind,
        name: String,
        settings: &Settings,
        programs: &Path,
        folder: &Path,
    ) -> Result<Self> {
        let address = super::postgres::free_address()?;
        let setting = if kind == Kind::Api { "API_ADDR" } else { "WORKER_ADDR" };
        let settings = settings.clone().with(setting, address);
        let program = programs.join(kind.program());
        ensure!(program.is_file(), "no {}: cargo build -p api -p worker", program.display());
        let log = folder.join(format!("{name}.log"));
        Ok(Self {
            kind,
            name,
            address,
            settings,
            program,
            log,
            clock: None,
            process: None,
            revivals: 0,
            incidents: Vec::new(),
        })
    }

    /// Gives the process a clock that can jump, by `library`. Call it before the start.
    pub fn prepare_clock(&mut self, library: &Path, folder: &Path) -> Result<()> {
        if let Some(clock) = Clock::prepare(library, folder, &self.name)? {
            self.settings = std::mem::take(&mut self.settings).overridden_by(&clock.settings());
            self.clock = Some(clock);
        }
        Ok(())
    }

    /// Has it serve at another address. Call it before the start.
    pub fn serve_at(&mut self, address: SocketAddr) {
        let setting = if self.kind == Kind::Api { "API_ADDR" } else { "WORKER_ADDR" };
        self.settings = std::mem::take(&mut self.settings).with(setting, address);
        self.address = address;
    }

    /// The program of the process.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address at which it serves HTTP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the process and does not wait for it.
    pub fn start(&mut self) -> Result<()> {
        self.process = Some(Process::spawn(&self.program, &[], &self.settings, &self.log)?);
        Ok(())
    }

    /// Starts the process, which logs very much, and all of it to `log`.
    pub fn start_logging_to(&mut self, log: &Path) -> Result<()> {
        let settings = self.settings.clone().with("RUST_LOG", "trace");
        self.process = Some(Process::spawn(&self.program, &[], &settings, log)?);
        Ok(())
    }

    /// The running process.
    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("not running")
    }

    /// Kills the process.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Sends SIGTERM. A process that does not stop in time is killed, and that is an incident.
    pub async fn terminate(&mut self, within: Duration) {
        let Some(mut process) = self.process.take() else { return };
        let asked = process.signal(e2e::Signal::Terminate);
        if asked.is_ok() && process.exit(within).await.is_err() {
            self.incidents.push(Incident(format!("{} did not stop in {within:?}", self.name)));
        }
    }

    /// Starts it again if it has ended by itself.
    pub fn revive(&mut self) {
        let ended = self.process.as_mut().is_some_and(|p| !matches!(p.try_exit(), Ok(None)));
        if ended && self.start().is_ok() {
            self.revivals += 1;
        }
    }

    /// The number of times that it ended by itself and was started again.
    #[must_use]
    pub fn revivals(&self) -> u32 {
        self.revivals
    }

    /// Whether its clock can jump.
    #[must_use]
    pub fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// Sets its clock that many seconds ahead.
    pub fn set_clock(&self, ahead: i32) -> Result<()> {
        self.clock.as_ref().context("no libfaketime")?.set(ahead)
    }

    /// Waits until its health check succeeds. Starts it again if it ends meanwhile.
    pub async fn wait_healthy(&mut self, within: Duration) -> Result<()> {
        let client = Client::new(self.address)?;
        let what = format!("{} is healthy", self.name);
        eventually_true(&what, within, async || {
            self.revive();
            Ok(client.get("/health").await?.status == 200)
        })
        .await
    }

    /// The incidents of the process, with lines of its log.
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let panics = log.lines().filter(|line| line.contains("panicked at"));
        let panics = panics.map(|line| Incident(format!("{}: {line}", self.name)));
        self.incidents.iter().cloned().chain(panics).collect()
    }
}
