//! The api process. See `api --help`.

use api::cli::{Cli, CliCommand, check, clients, keys, plans};
use mimalloc::MiMalloc;
use runtime::{bootstrap, health, telemetry};

/// Requests and jobs make many small allocations that another thread frees. mimalloc is faster at
/// this than the allocator of the system.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() {
    bootstrap::end(run(bootstrap::parse()).await)
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    telemetry::init_logs(&cli.settings.logs)?;
    match cli.command {
        None => api::serve(cli.settings).await,
        Some(CliCommand::Plans { command }) => plans::run(command, &cli.settings).await,
        Some(CliCommand::Clients { command }) => clients::run(command, &cli.settings).await,
        Some(CliCommand::Keys { command }) => keys::run(command, &cli.settings).await,
        Some(CliCommand::Check) => check::run(&cli.settings).await,
        Some(CliCommand::Health) => Ok(health::probe(cli.settings.api_addr)?),
    }
}
