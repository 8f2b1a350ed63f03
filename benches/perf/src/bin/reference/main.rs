//! Two servers that the product is compared with by `make bench`: a bare echo, which is what HTTP
//! costs, and the synchronous path, which is what the commands cost without a queue.

mod echo;
mod sync;

use anyhow::Result;
use clap::Parser;
use std::io::{Write, stderr};
use std::net::SocketAddr;
use std::process::ExitCode;

/// A server to compare the product with.
#[derive(Parser)]
#[command(name = "reference", version)]
struct Options {
    /// Which
    #[command(subcommand)]
    server: Server,

    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8090", global = true)]
    address: SocketAddr,
}

#[derive(clap::Subcommand)]
enum Server {
    /// POST /subscribe and GET /subscriptions/{id}: JSON in, JSON out, nothing done
    Echo,
    /// The same, with each command applied in a transaction of its own before the answer
    Sync(sync::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    match serve(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<()> {
    let router = match options.server {
        Server::Echo => echo::router(),
        Server::Sync(options) => sync::router(&options).await?,
    };
    let listener = tokio::net::TcpListener::bind(options.address).await?;
    axum::serve(
        axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        }),
        router,
    )
    .await?;
    Ok(())
}
