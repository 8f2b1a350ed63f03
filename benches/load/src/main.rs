//! `make load`: four load tests against an api that is already running on this machine.
//!
//! It starts nothing and knows the api only by its HTTP contract. The exit code is 0 when every
//! expectation held, 1 when one did not, 2 when the tests could not be run to their end.

mod client;
mod options;
mod outcome;
mod progress;
mod report;
mod scenario;
mod stats;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::Parser as _;

use crate::client::Client;
use crate::options::Options;
use crate::progress::Progress;

// One thread: the machine's other cores belong to the api under test.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            // Nothing is left to tell it to when stderr is gone.
            let _ = writeln!(io::stderr().lock(), "load: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs the tests and prints the report, also of a run that broke off. True: all is as expected.
async fn run(options: &Options) -> anyhow::Result<bool> {
    let limit = Duration::from_secs(options.timeout_seconds);
    let client = Client::new(options, Progress::new(), Instant::now() + limit)?;
    client.check_reachable().await?;

    let mut outcomes = Vec::new();
    let ended = tokio::time::timeout(limit, scenario::run(&client, options, &mut outcomes)).await;
    client.progress().finish();
    report::print(&mut io::stdout().lock(), &outcomes)?;
    ended.unwrap_or_else(|_elapsed| {
        Err(anyhow!("stopped after {} s: --timeout-seconds was up", options.timeout_seconds))
    })?;
    Ok(outcomes.iter().all(outcome::Outcome::is_as_expected))
}
