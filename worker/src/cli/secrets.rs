//! `worker secrets`: lists and rotates the keys that jobs are signed with.

use crate::settings::SecretsCommand;
use anyhow::Context;
use contract::view::timestamp;
use domain::JobKeyState;
use runtime::settings::Postgres;
use std::io::{Write, stdout};
use store::{Database, Finish, job_keys};

/// Runs the command.
pub async fn run(command: SecretsCommand, postgres: &Postgres) -> anyhow::Result<()> {
    let cannot = "cannot use Postgres (DATABASE_URL)";
    let database = postgres.open().await.context(cannot)?.database;
    database.migrate(Finish::WhenAlone).await.context(cannot)?;
    match command {
        SecretsCommand::List => list(&database).await,
        SecretsCommand::Rotate { compromised } => {
            let kid = job_keys::rotate(&database, compromised).await.context(cannot)?;
            writeln!(stdout(), "{}", report(&kid, compromised))?;
            Ok(())
        }
    }
}

fn report(kid: &str, compromised: bool) -> String {
    if compromised {
        format!(
            "key {kid} is made, and all before it are compromised.\nEvery process knows that \
             within a minute. Jobs that those keys have signed are given up; their clients have to \
             send them again, with the same key."
        )
    } else {
        format!("key {kid} is made. It signs new jobs in two minutes; older keys still verify.")
    }
}

async fn list(database: &Database) -> anyhow::Result<()> {
    let stored = job_keys::read(database).await.context("cannot read the keys (DATABASE_URL)")?;
    let mut out = stdout().lock();
    for key in stored.keys.iter() {
        let state = match stored.keys.state_of(key, stored.now) {
            JobKeyState::Waiting => "waiting",
            JobKeyState::Signing => "signing",
            JobKeyState::Verifying => "verifying",
            JobKeyState::Compromised => "compromised",
        };
        let (kid, made, age) = (key.kid(), key.created_at(), stored.now - key.created_at());
        let (days, hours, minutes) = (age.num_days(), age.num_hours() % 24, age.num_minutes() % 60);
        writeln!(
            out,
            "{kid}  {state:<11}  made {}  {days} d {hours} h {minutes} min ago",
            timestamp(made)
        )?;
    }
    Ok(())
}
