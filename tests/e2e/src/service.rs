//! One `api` or `worker` process of a stack, which may be killed and started again.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{client::Client, programs::program};
use support::{Process, Settings, Signal, eventually, free_address};

/// Migrations, and a machine that compiles meanwhile.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Which of the two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Admits commands.
    Api,
    /// Applies commands.
    Worker,
}

impl Kind {
    /// The name of the program.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }

    fn address_setting(self) -> &'static str {
        match self {
            Self::Api => "API_ADDR",
            Self::Worker => "WORKER_ADDR",
        }
    }
}

/// The process, its settings and its address.
#[derive(Debug)]
pub struct Service {
    kind: Kind,
    settings: Settings,
    address: SocketAddr,
    log: PathBuf,
    /// What a shell does before it becomes the program.
    shell: Option<String>,
    process: Option<Process>,
}

impl Service {
    /// A service that does not run yet.
    pub fn new(kind: Kind, settings: Settings, log: PathBuf) -> Result<Self> {
        Ok(Self { kind, settings, address: free_address()?, log, shell: None, process: None })
    }

    /// The same service, started by a shell: `"$0"` in `script` is the program, as in
    /// `ulimit -n 100; exec "$0"`.
    #[must_use]
    pub fn under(mut self, script: &str) -> Self {
        self.shell = Some(script.to_owned());
        self
    }

    /// Starts the process and waits until it is healthy.
    pub async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        self.settle().await
    }

    /// Waits until the spawned process is healthy; if its port was taken, starts it on another.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        for _ in 0..5 {
            match self.ready().await {
                Ok(()) => return Ok(()),
                Err(_) if self.log_tail().contains("in use") => {
                    self.address = free_address()?;
                    self.spawn()?;
                }
                Err(error) => return Err(error.context(self.log_tail())),
            }
        }
        bail!("{} found no free port", self.kind.program())
    }

    /// Starts the process and waits for nothing.
    pub fn spawn(&mut self) -> Result<()> {
        let settings = self.settings.clone().with(self.kind.address_setting(), self.address);
        let program = program(self.kind.program())?;
        let process = match &self.shell {
            None => Process::spawn(&program, &[], &settings, &self.log)?,
            Some(script) => {
                let args = ["-c".to_owned(), script.clone(), program.display().to_string()];
                Process::spawn(Path::new("sh"), &args, &settings, &self.log)?
            }
        };
        self.process = Some(process);
        Ok(())
    }

    /// Waits until GET /health is 200.
    pub async fn ready(&mut self) -> Result<()> {
        let client = self.client()?;
        let name = self.kind.program();
        let process = self.process.as_mut().context("not running")?;
        let ended = eventually(&format!("{name} is healthy"), READY_WITHIN, async || {
            if let Some(status) = process.try_exit()? {
                return Ok(Some(Some(status)));
            }
            let answer = client.get("/health").await?;
            anyhow::ensure!(answer.status == 200, "{answer}");
            Ok(Some(None))
        })
        .await?;
        match ended {
            Some(status) => bail!("{name} ended at once: {status}"),
            None => Ok(()),
        }
    }

    /// A client of its address.
    pub fn client(&self) -> Result<Client> {
        Client::new(self.address)
    }

    /// The running process.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().context("not running")
    }

    /// Ends it at once (SIGKILL) and waits for its end.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Asks it to stop (SIGTERM); it must end by itself, with success.
    pub async fn stop(&mut self, within: Duration) -> Result<()> {
        self.process()?.signal(Signal::Terminate)?;
        let status = self.process()?.exit(within).await?;
        anyhow::ensure!(status.success(), "{status}\n{}", self.log_tail());
        self.process = None;
        Ok(())
    }

    /// The file with its log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last lines of its log, over all its starts.
    #[must_use]
    pub fn log_tail(&self) -> String {
        support::log_tail(&self.log, 40)
    }

    /// Its whole log, over all its starts.
    #[must_use]
    pub fn log_text(&self) -> String {
        support::log_text(&self.log)
    }
}
