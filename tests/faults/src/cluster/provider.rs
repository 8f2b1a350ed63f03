//! The simulated provider of payments, as a process of its own. Workers reach it by a proxy.

use crate::checker::Incident;
use anyhow::{Context, Result};
use e2e::{Process, Settings, eventually_true};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpStream;

/// What webhooks are signed with.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_campaign";

/// A provider that runs or can be started.
pub struct Provider {
    address: SocketAddr,
    settings: Settings,
    program: PathBuf,
    log: PathBuf,
    process: Option<Process>,
}

impl Provider {
    /// Starts it. It tells that api by webhooks what became of charges: some before it answers the
    /// worker, some late, some three times, and some never.
    pub async fn start(
        settings: &Settings,
        programs: &Path,
        folder: &Path,
        api: SocketAddr,
    ) -> Result<Self> {
        let address = super::postgres::free_address()?;
        let settings = settings
            .clone()
            .with("SIMULATED_ADDR", address)
            .with("SIMULATED_WEBHOOK_URL", format!("http://{api}/provider-webhooks/simulated"))
            .with("SIMULATED_WEBHOOK_SECRET", WEBHOOK_SECRET)
            .with("SIMULATED_WEBHOOKS", "erratic");
        let (program, log) = (programs.join("worker"), folder.join("provider.log"));
        let mut provider = Self { address, settings, program, log, process: None };
        provider.resume().await?;
        Ok(provider)
    }

    /// The address at which it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it if it does not run, and waits until it serves.
    pub async fn resume(&mut self) -> Result<()> {
        let has_ended = |process: &mut Process| !matches!(process.try_exit(), Ok(None));
        if self.process.as_mut().is_none_or(has_ended) {
            let args = ["simulated-provider".to_owned()];
            let process = Process::spawn(&self.program, &args, &self.settings, &self.log)?;
            self.process = Some(process);
        }
        eventually_true("the provider serves", Duration::from_secs(20), async || {
            Ok(TcpStream::connect(self.address).await.is_ok())
        })
        .await
    }

    /// The running process.
    pub fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("not running")
    }

    /// Kills it. What it had begun and not written is lost.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// The panics in its log.
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let panics = log.lines().filter(|line| line.contains("panicked at"));
        panics.map(|line| Incident(format!("provider: {line}"))).collect()
    }
}
