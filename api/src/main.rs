//! The api process. See `api --help`.

use api::cli::keys;
use api::settings::{Cli, CliCommand};
use mimalloc::MiMalloc;
use runtime::{bootstrap, health, telemetry};
use std::process::ExitCode;

/// Requests and jobs are many small allocations, freed on other threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    bootstrap::report(run(bootstrap::parse()).await)
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    telemetry::init_logs(&cli.settings.logs)?;
    match cli.command {
        None => api::serve(cli.settings).await,
        Some(CliCommand::Keys { command }) => keys::run(command, &cli.settings.postgres).await,
        Some(CliCommand::Health) => Ok(health::probe(cli.settings.api_addr)?),
    }
}
