//! One server of Postgres, with its data.

use super::CONNECTIONS_RESERVED;
use super::programs::{as_postgres, free_address};
use anyhow::Result;
use e2e::{Process, Settings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::sleep;

/// The pause before a server that has ended is started again.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that runs or can be started.
pub(super) struct Server {
    pub(super) data: PathBuf,
    pub(super) address: SocketAddr,
    pub(super) process: Option<Process>,
}

impl Server {
    /// A server that has no data yet, on an address of its own.
    pub(super) fn new(home: &Path) -> Result<Self> {
        let address = free_address()?;
        let data = home.join(format!("data-{}", address.port()));
        Ok(Self { data, address, process: None })
    }

    /// Starts it unless it runs, and does not wait. Postgres does not start before the last
    /// children of a killed server have ended.
    pub(super) async fn start(
        &mut self,
        bin: &Path,
        log: &Path,
        connections_max: u32,
    ) -> Result<()> {
        if self.process.as_mut().is_some_and(|process| matches!(process.try_exit(), Ok(None))) {
            return Ok(());
        }
        sleep(PAUSE).await;
        let (program, mut args) = as_postgres(&bin.join("postgres"))?;
        let mut add = |name: &str, value: String| args.extend([name.to_owned(), value]);
        add("-D", self.data.display().to_string());
        add("-h", self.address.ip().to_string());
        add("-p", self.address.port().to_string());
        for setting in [
            "unix_socket_directories=".to_owned(),
            format!("max_connections={connections_max}"),
            format!("superuser_reserved_connections={CONNECTIONS_RESERVED}"),
            "deadlock_timeout=200ms".to_owned(),
            // A standby follows again soon after its primary was killed, and finds what it missed.
            "wal_retrieve_retry_interval=200ms".to_owned(),
            "wal_keep_size=256MB".to_owned(),
        ] {
            add("-c", setting);
        }
        self.process = Some(Process::spawn(&program, &args, &Settings::default(), log)?);
        Ok(())
    }
}
