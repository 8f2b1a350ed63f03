//! `make bench`: the product's speed beside that of its limits, in one run.
//!
//! [`scenario`] says what is measured, [`driver`] sends and counts, [`stack`] is what is measured,
//! [`machine`] who used what, [`report`] what is written. It knows the product by its programs and
//! by HTTP; only the reference servers (`bin/reference`) are built from its code.

mod driver;
mod instructions;
mod loads;
mod long;
mod machine;
mod number;
mod options;
mod progress;
mod report;
mod results;
mod run;
mod scenario;
mod spread;
mod stack;

use std::io::{Write, stderr};
use std::process::ExitCode;

// The driver has a thread of its own; what is here only waits.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run::run(options::Options::read()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}
