//! `make bench`: the product's speed beside that of its limits, or of another build, in one run.
//! `make load`: a load test of an api that runs already.
//!
//! [`scenario`] says what is measured, [`driver`] sends and counts, [`stack`] is what is measured,
//! [`machine`] who used what, [`report`] what is written. The product is known by its programs, by
//! HTTP and by its tables.

mod bench;
mod driver;
mod instructions;
mod load;
mod loads;
mod machine;
mod number;
mod options;
mod progress;
mod report;
mod results;
mod run;
mod scenario;
mod stack;
mod table;

use clap::Parser;
use options::{Cli, Command};
use std::io::{Write, stderr};
use std::process::ExitCode;
use tokio::task::LocalSet;

// One thread, for the other cores belong to what is measured.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let work = async {
        match cli.command {
            Some(Command::Load(options)) => load::run(&options).await,
            None => run::run(cli.bench).await,
        }
    };
    match LocalSet::new().run_until(work).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}
