//! The start of both processes, and the messages when it fails.

use crate::checks::{Checks, Finding};
pub use crate::services::Found;
use crate::services::{Manner, find};
use crate::{clock, log_writer, settings, telemetry};
use clap::Parser;
use clap::error::ErrorKind;
use queue::Queue;
use std::fmt::Display;
use std::io::{Write, stderr};
use std::time::Duration;
use store::{Database, Program};
use tokio::time::Instant;

/// The time that a process waits for Postgres and Redis to come up.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(10);
/// The reason why a process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Something is wrong. The list has all of it.
    #[error("cannot start\n{0}")]
    Refused(Checks),
}

/// Parses the command line and the environment. The error for a missing setting names its variable.
#[must_use]
pub fn parse<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| {
        let missing = error.kind() == ErrorKind::MissingRequiredArgument;
        let _ = error.print();
        if missing {
            let _ = writeln!(
                stderr(),
                "\nEvery setting is a flag or an environment variable; DATABASE_URL and REDIS_URL \
                 are needed.\n`make run` starts both services and sets both variables."
            );
        }
        std::process::exit(error.exit_code())
    })
}

/// Connects to both services and applies pending migrations. All that is wrong or doubtful is said
/// in one list; `checks` is its beginning.
pub async fn connect(
    program: Program,
    postgres: &settings::Postgres,
    redis: &settings::Redis,
    checks: Checks,
) -> Result<(Database, Queue), StartError> {
    let manner = Manner::Start(Instant::now() + WAIT_MAX);
    // Boxed, since it would make each future that waits for it a large one.
    let found = Box::pin(find(program, postgres, redis, checks, manner)).await;
    let (Some(database), Some(queue), false) = (found.database, found.queue, found.checks.refuse())
    else {
        return Err(StartError::Refused(found.checks));
    };
    for Finding { what, cure, .. } in found.checks.0 {
        tracing::warn!("{what}; {cure}");
    }
    clock::follow(&database).await;
    Ok((database, queue))
}

/// Makes the list of what keeps a start from succeeding or may go wrong after it, and changes
/// nothing.
pub async fn look(
    program: Program,
    postgres: &settings::Postgres,
    redis: &settings::Redis,
    checks: Checks,
) -> Found {
    Box::pin(find(program, postgres, redis, checks, Manner::Look)).await
}

/// An error and its causes, in one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Ends the process. Prints the error, if `ended` is one. It waits for nothing: a name that is
/// still being looked up would keep the runtime for as long as that takes.
pub fn end<E: Display>(ended: Result<(), E>) -> ! {
    match ended {
        Ok(()) => telemetry::exit(0),
        Err(error) => {
            log_writer::say(&format!("error: {error:#}\n"));
            telemetry::exit(1)
        }
    }
}
