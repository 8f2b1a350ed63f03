//! The subcommands for operators.

mod arguments;
pub mod check;
pub mod clients;
pub mod keys;
pub mod plans;

pub use arguments::{Cli, CliCommand};

use crate::settings::Settings;
use anyhow::{Context, ensure};
use domain::RateLimit;
use store::{Database, Finish};

/// Postgres, with all migrations applied, for a command that talks to nothing else.
async fn database(settings: &Settings) -> anyhow::Result<Database> {
    let cannot = "cannot use Postgres (DATABASE_URL)";
    let database = settings.postgres.open().await.context(cannot)?.database;
    database.migrate(Finish::WhenAlone).await.context(cannot)?;
    Ok(database)
}

/// Refuses the name of a client that is built in and never has keys.
fn ensure_not_built_in(client: &str) -> anyhow::Result<()> {
    let is_built_in = matches!(client, "system" | "local");
    ensure!(!is_built_in, "the client {client} is built in and has no keys: choose another name");
    Ok(())
}

/// How many commands a client may submit, by its own limit or by the settings.
fn in_words(own: Option<RateLimit>, settings: &Settings) -> anyhow::Result<String> {
    let limit = own.map_or_else(|| settings.rate_limit(), Ok)?;
    let (requests, seconds) = (limit.requests(), limit.window_seconds());
    let many = if limit.is_off() {
        "any number of commands".to_owned()
    } else {
        format!("{requests} commands in {seconds} s")
    };
    let source = if own.is_some() { "its own limit" } else { "RATE_LIMIT_* as set here" };
    Ok(format!("{many}, by {source}"))
}
