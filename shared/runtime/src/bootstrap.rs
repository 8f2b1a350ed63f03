//! The start of both processes, and the messages when it fails.

use crate::{log_writer, settings, telemetry};
use clap::Parser;
use clap::error::ErrorKind;
use queue::{Outlook, Queue};
use std::fmt::Display;
use std::io::{Write, stderr};
use std::time::Duration;
use store::{Database, Finish, Fitted, Migrated, StoreError};
use tokio::time::{Instant, sleep};

/// The time that a process waits for Postgres and Redis to come up.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The pause between two attempts to reach one of them.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// The reason why a process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Postgres cannot be used.
    #[error(
        "cannot use Postgres: {0}\n  Is it running, and is DATABASE_URL right? `make run` starts \
         one for you."
    )]
    Postgres(String),
    /// Redis cannot be used.
    #[error(
        "cannot use Redis: {0}\n  Is it running, and is REDIS_URL right? `make run` starts one for \
         you."
    )]
    Redis(String),
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

/// Connects to both services and applies pending migrations.
pub async fn connect(
    postgres: &settings::Postgres,
    redis: &settings::Redis,
) -> Result<(Database, Queue), StartError> {
    let deadline = Instant::now() + WAIT_MAX;
    let (database, migrated) = loop {
        match open(postgres).await {
            Ok(opened) => break opened,
            Err(error) if !error.may_pass_soon() || Instant::now() > deadline => {
                return Err(StartError::Postgres(chain(&error)));
            }
            Err(error) => tracing::info!(cause = chain(&error), "waiting for Postgres"),
        }
        sleep(RETRY_PAUSE).await;
    };
    if let Migrated::Waits(sessions) = migrated {
        tracing::warn!(
            sessions,
            "the schema also serves the release before this one, because these sessions may be of \
             it: when it is stopped, start this release again or run `worker migrate --finish`"
        );
    }
    let queue = open_queue(redis, deadline).await?;
    for warning in queue.durability_warnings().await {
        tracing::warn!("{warning}");
    }
    Ok((database, queue))
}

/// Opens the queue. A Redis that loads its data is waited for as long as that takes.
async fn open_queue(redis: &settings::Redis, deadline: Instant) -> Result<Queue, StartError> {
    let mut told = String::new();
    loop {
        let error = match Queue::connect(redis.queue()).await {
            Ok(queue) => return Ok(queue),
            Err(error) => error,
        };
        let cause = chain(&error);
        match error.outlook() {
            Outlook::Hopeless => return Err(StartError::Redis(cause)),
            Outlook::Hopeful if Instant::now() > deadline => return Err(StartError::Redis(cause)),
            Outlook::Hopeful | Outlook::Sure => {}
        }
        if cause != told {
            tracing::info!(cause, "waiting for Redis");
            told = cause;
        }
        sleep(RETRY_PAUSE).await;
    }
}

/// A handle on Postgres that fits the way to it, with the migrations applied.
async fn open(postgres: &settings::Postgres) -> Result<(Database, Migrated), StoreError> {
    let url = postgres.database_url.expose();
    let Fitted { database, warning } =
        Database::new(url, postgres.database_connections_max)?.fitted().await?;
    if let Some(warning) = warning {
        tracing::warn!("{warning}");
    }
    let migrated = database.migrate(Finish::WhenAlone).await?;
    Ok((database, migrated))
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
