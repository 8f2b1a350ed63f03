//! The test client of a campaign, made as an operator makes it.

use anyhow::{Context, Result, ensure};
use domain::ClientId;
use e2e::Settings;
use sqlx::PgPool;
use std::path::Path;
use std::process::Command;

const NAME: &str = "tester";

/// Where its clock stands first.
const BEGINS: &str = "2026-01-31T08:00:00Z";

/// A test client.
#[derive(Debug, Clone)]
pub struct Tester {
    /// Its id.
    pub client: ClientId,
    /// Its API key.
    pub api_key: String,
}

impl Tester {
    /// Makes it by the program `api`.
    pub async fn make(pool: &PgPool, api: &Path, settings: &Settings) -> Result<Self> {
        run(api, &["clients", "create", NAME, "--test", "--at", BEGINS], settings)?;
        let key = ["keys", "create", "--client", NAME, "--scope", "admin"];
        let told = run(api, &key, settings)?;
        let api_key = told.lines().next().context("no key was shown")?.to_owned();
        let id = sqlx::query_scalar("SELECT id FROM clients WHERE name = $1").bind(NAME);
        let client = ClientId::new(id.fetch_one(pool).await?);
        Ok(Self { client, api_key })
    }
}

fn run(api: &Path, args: &[&str], settings: &Settings) -> Result<String> {
    let output = Command::new(api).args(args).env_clear().envs(settings.environment()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "api {args:?}: {said}");
    Ok(String::from_utf8(output.stdout)?)
}
