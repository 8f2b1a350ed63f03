//! `make faults`

use clap::Parser;
use faults::{campaign, options::Options};
use std::io::{Write, stderr};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match campaign::run(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}
