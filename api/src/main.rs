//! The api process. See `api --help`.

use api::config::{Cli, CliCommand};
use api::{keys, serve};
use mimalloc::MiMalloc;
use shared::{health, start, telemetry};
use std::process::ExitCode;

/// Requests and jobs are many small allocations, freed on other threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    start::report(run(start::parse()).await)
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    telemetry::init_logs(&cli.settings.logs)?;
    match cli.command {
        None => serve::serve(cli.settings).await,
        Some(CliCommand::Keys { command }) => keys::run(command, &cli.settings.postgres).await,
        Some(CliCommand::Health) => Ok(health::probe(cli.settings.api_addr)?),
    }
}
