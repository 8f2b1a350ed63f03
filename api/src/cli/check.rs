//! `api check`: lists what keeps the api from starting, or may go wrong later.

use crate::settings::Settings;
use anyhow::ensure;
use runtime::bootstrap;
use std::io::{Write, stdout};
use store::Program;

/// Runs the command. Fails if the api cannot start.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let (_, checks) = settings.checked();
    let (postgres, redis) = (&settings.postgres, &settings.redis);
    let checks = bootstrap::look(Program::Api, postgres, redis, checks).await.checks;
    write!(stdout(), "{checks}")?;
    ensure!(!checks.refuse(), "the api cannot start");
    writeln!(stdout(), "the api can start")?;
    Ok(())
}
