//! One process under test.

use crate::driver::Connection;
use anyhow::{Context, Result, bail, ensure};
use std::fs::OpenOptions;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Callgrind takes some seconds of it.
const READY_WITHIN: Duration = Duration::from_mins(1);
const STOPPED_WITHIN: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Settings as environment variables.
pub(crate) type Settings = Vec<(&'static str, String)>;

/// A process that answers HTTP and dies with its owner.
pub(crate) struct Program {
    /// Under which name its costs are booked.
    pub(crate) component: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
    child: Child,
}

impl Program {
    /// Starts it on a free port and waits until it is healthy.
    pub(crate) async fn start(
        component: &'static str,
        mut command: Command,
        settings: &Settings,
        log: &Path,
    ) -> Result<Self> {
        let address = free_address()?;
        let output = OpenOptions::new().create(true).append(true).open(log)?;
        // Of our own environment, only this reaches it.
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).envs(settings.iter().cloned());
        let names = ["API_ADDR", "WORKER_ADDR", "SIMULATED_ADDR"];
        command.envs(names.map(|name| (name, address.to_string())));
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let pid = child.id().context("it ended at once")?;
        let (mut connection, begun) = (Connection::new(address), Instant::now());
        while let Err(error) = connection.page("/health").await {
            let ended = child.try_wait()?.is_some() || begun.elapsed() > READY_WITHIN;
            ensure!(!ended, "{component} is not healthy: {error}: see {}", log.display());
            sleep(LOOK_EVERY).await;
        }
        Ok(Self { component, address, pid, child })
    }

    /// Sends a signal, such as TERM, by the shell's own `kill`: a bare machine has no other.
    pub(crate) async fn signal(&self, name: &str) -> Result<()> {
        let line = format!("kill -s {name} {}", self.pid);
        let status = Command::new("sh").args(["-c", &line]).status().await?;
        ensure!(status.success(), "{line}: {status}");
        Ok(())
    }

    /// Asks it to stop, and waits for it. The reference servers have nothing to finish.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.signal(if self.component == "reference" { "KILL" } else { "TERM" }).await?;
        let ended = timeout(STOPPED_WITHIN, self.child.wait()).await;
        ended.with_context(|| format!("{} does not stop", self.component))??;
        Ok(())
    }
}

/// A loopback address nobody listens on, below the range of outgoing connections.
fn free_address() -> Result<SocketAddr> {
    for _ in 0..1000 {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(12_000..32_000)));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    bail!("no free port")
}
