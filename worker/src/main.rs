//! The worker process. See `worker --help`.

use mimalloc::MiMalloc;
use runtime::{bootstrap, health, telemetry};
use worker::cli::{books, check, jobs, migrate, secrets, simulated_provider};
use worker::settings::{Cli, CliCommand};

/// Jobs make many small allocations.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    bootstrap::end(run(bootstrap::parse()).await)
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    telemetry::init_logs(&cli.settings.logs)?;
    match cli.command {
        None => worker::run(cli.settings).await,
        Some(CliCommand::Check { json }) => check::run(json, &cli.settings).await,
        Some(CliCommand::Books { at, csv }) => books::run(at, csv, &cli.settings.postgres).await,
        Some(CliCommand::SimulatedProvider(provider)) => {
            simulated_provider::run(&provider, &cli.settings.postgres).await
        }
        Some(CliCommand::Migrate { finish }) => migrate::run(finish, &cli.settings.postgres).await,
        Some(CliCommand::Jobs { command }) => jobs::run(command, &cli.settings).await,
        Some(CliCommand::Secrets { command }) => {
            secrets::run(command, &cli.settings.postgres).await
        }
        Some(CliCommand::Health) => match cli.settings.worker_addr.0 {
            Some(address) => Ok(health::probe(address)?),
            None => anyhow::bail!("WORKER_ADDR is off: this worker does not tell its health"),
        },
    }
}
