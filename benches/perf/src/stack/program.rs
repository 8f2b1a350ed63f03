//! One process under test.

use crate::driver::Connection;
use anyhow::{Context, Result, bail, ensure};
use e2e::{Process, Settings, Signal, eventually};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_secs(40);

/// A process that answers HTTP and dies with its owner.
pub(crate) struct Program {
    /// Under which name its costs are booked.
    pub(crate) component: String,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    process: Process,
}

impl Program {
    /// Starts it on a free port and waits until it is healthy.
    pub(crate) async fn start(
        name: &str,
        path: &Path,
        args: &[String],
        settings: Settings,
        log: &Path,
    ) -> Result<Self> {
        let address = free_address()?;
        let settings = settings.with("API_ADDR", address).with("WORKER_ADDR", address);
        let mut args = args.to_owned();
        if name == "reference" {
            args.extend(["--address".to_owned(), address.to_string()]);
        }
        let mut process = Process::spawn(path, &args, &settings, log)?;
        let mut connection = Connection::new(address);
        let what = format!("{name} is healthy");
        let healthy = eventually(&what, READY_WITHIN, async || {
            if let Some(status) = process.try_exit()? {
                return Ok(Some(Err(status)));
            }
            let reply = connection.ask(b"GET /health HTTP/1.1\r\nHost: bench\r\n\r\n").await?;
            ensure!(reply.status == 200, "GET /health: {}", reply.status);
            Ok(Some(Ok(())))
        });
        if let Err(status) = healthy.await.with_context(|| format!("see {}", log.display()))? {
            bail!("{name} ended at once with {status}: see {}", log.display());
        }
        Ok(Self { component: name.to_owned(), address, process })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to stop, and waits for it. The reference servers have nothing to finish.
    pub(crate) async fn stop(mut self) -> Result<()> {
        if self.component == "reference" {
            return Ok(());
        }
        self.process.signal(Signal::Terminate)?;
        self.process.exit(STOPPED_WITHIN).await?;
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
