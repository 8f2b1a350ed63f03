//! `api keys`: makes, lists and revokes API keys.

use crate::extract::ApiKey;
use crate::settings::{KeysCommand, Scope};
use anyhow::{Context, bail, ensure};
use chrono::TimeDelta;
use contract::view::timestamp;
use domain::Instant;
use runtime::clock;
use runtime::settings::Postgres;
use std::io::{Write, stdout};
use store::api_keys::{self, NewApiKey};
use store::{Database, Finish};

const NEITHER_ID_NOR_KEY: &str =
    "this is neither the id of a key nor a whole key: see `api keys list`";

/// Runs one `api keys` command.
pub async fn run(command: KeysCommand, postgres: &Postgres) -> anyhow::Result<()> {
    let url = postgres.database_url.expose();
    let database = Database::new(url, postgres.database_connections_max)?;
    database.migrate(Finish::WhenAlone).await.context("cannot use Postgres (DATABASE_URL)")?;
    match command {
        KeysCommand::Create { client, scope, expires_in_days } => {
            let key = create(&database, &client, scope, expires_in_days).await?;
            show(&key, &client, scope)
        }
        KeysCommand::List => list(&database).await,
        KeysCommand::Revoke { key, rest } => {
            ensure!(rest.is_empty(), NEITHER_ID_NOR_KEY);
            revoke(&database, &key).await
        }
    }
}

/// Makes a key for a client, and the client if it does not exist. Only a hash of the key is stored,
/// so the key can be shown only now.
pub async fn create(
    database: &Database,
    client: &str,
    scope: Scope,
    expires_in_days: Option<u32>,
) -> anyhow::Result<String> {
    if matches!(client, "system" | "local") {
        bail!("the client {client} is built in and has no keys: choose another name");
    }
    let key = ApiKey::generate(&mut rand::rng());
    let expires_at = expires_in_days.map(|days| clock::now() + TimeDelta::days(days.into()));
    let (id, hash, scope) = (key.id(), key.hash(), scope.as_str());
    api_keys::create(database, NewApiKey { id, client, secret_hash: &hash, scope, expires_at })
        .await?;
    Ok(key.expose().to_owned())
}

fn show(key: &str, client: &str, scope: Scope) -> anyhow::Result<()> {
    let (scope, (public, _)) = (scope.as_str(), key.split_at(12));
    let mut out = stdout().lock();
    writeln!(out, "{key}")?;
    writeln!(
        out,
        "This is the only time the key is shown: keep it. It allows client {client} to {scope}."
    )?;
    writeln!(out, "Send it as: Authorization: Bearer {public}_…")?;
    Ok(())
}

async fn list(database: &Database) -> anyhow::Result<()> {
    let keys = api_keys::list(database).await?;
    let mut out = stdout().lock();
    if keys.is_empty() {
        writeln!(out, "no keys; make one with: api keys create --client NAME")?;
    }
    let time = |at: Option<Instant>| at.map_or_else(|| "-".to_owned(), timestamp);
    for key in keys {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked {}", timestamp(at)),
            (None, Some(at)) => format!("expires {}", timestamp(at)),
            (None, None) => "valid".to_owned(),
        };
        let (made, used) = (timestamp(key.created_at), time(key.last_used_at));
        writeln!(
            out,
            "{}  {:<5}  client {}  made {made}  last used {used}  {state}",
            key.id, key.scope, key.client
        )?;
    }
    Ok(())
}

/// Revokes the key that was given by its id or whole. Nothing else of what was given is shown: it
/// may be a secret, and terminals and logs of deployments are read by many.
async fn revoke(database: &Database, given: &str) -> anyhow::Result<()> {
    let id = ApiKey::id_of(given.trim()).context(NEITHER_ID_NOR_KEY)?;
    if !api_keys::revoke(database, &id).await? {
        bail!("there is no valid key {id}: see `api keys list`");
    }
    writeln!(stdout(), "key {id} is revoked; apis that saw it last refuse it within 30 seconds")?;
    Ok(())
}
