//! `worker migrate`: applies the migrations without working.

use anyhow::Context;
use runtime::settings::Postgres;
use std::io::{Write, stdout};
use store::{Finish, Migrated};

/// Runs the command. With `finish`, what older releases need is dropped, whoever is connected.
pub async fn run(finish: bool, postgres: &Postgres) -> anyhow::Result<()> {
    let cannot = "cannot migrate (DATABASE_URL)";
    let database = postgres.open().await.context(cannot)?.database;
    let finish = if finish { Finish::Now } else { Finish::WhenAlone };
    let migrated = database.migrate(finish).await.context(cannot)?;
    match migrated {
        Migrated::Finished => writeln!(stdout(), "all migrations are applied")?,
        Migrated::Waits(sessions) => writeln!(
            stdout(),
            "the schema also serves the release before this one: {sessions}\n\
             Stop its processes, then run `worker migrate --finish`."
        )?,
    }
    Ok(())
}
