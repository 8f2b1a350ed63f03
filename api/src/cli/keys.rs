//! `api keys`: makes, lists and revokes API keys.

use crate::cli::arguments::KeysCommand;
use crate::cli::{database, ensure_not_built_in, in_words};
use crate::extract::ApiKey;
use crate::scope::Scope;
use crate::settings::Settings;
use anyhow::{Context, bail, ensure};
use chrono::TimeDelta;
use contract::view::timestamp;
use domain::Instant;
use runtime::clock;
use std::io::{Write, stdout};
use store::Database;
use store::api_keys::{self, KeyOwner, NewApiKey};

const NEITHER_ID_NOR_KEY: &str =
    "this is neither the id of a key nor a whole key: see `api keys list`";

/// Runs one `api keys` command.
pub async fn run(command: KeysCommand, settings: &Settings) -> anyhow::Result<()> {
    let database = database(settings).await?;
    match command {
        KeysCommand::Create { owner, scope, expires_in_days } => {
            let made = create(&database, owner.client.as_deref(), scope, expires_in_days).await?;
            show(&made, scope, &in_words(made.owner.rate_limit, settings)?)
        }
        KeysCommand::List => list(&database).await,
        KeysCommand::Revoke { key, rest } => {
            ensure!(rest.is_empty(), NEITHER_ID_NOR_KEY);
            revoke(&database, &key).await
        }
    }
}

/// A key that was made. It can be shown only now, because only a hash of it is stored.
pub struct MadeKey {
    /// The whole key.
    pub key: String,
    /// Its client.
    owner: KeyOwner,
}

/// Makes a key for a client, and the client if it does not exist; for the operator if there is no
/// name.
pub async fn create(
    database: &Database,
    client: Option<&str>,
    scope: Scope,
    expires_in_days: Option<u32>,
) -> anyhow::Result<MadeKey> {
    client.map_or(Ok(()), ensure_not_built_in)?;
    let key = ApiKey::generate(&mut rand::rng());
    let expires_at = expires_in_days.map(|days| clock::now() + TimeDelta::days(days.into()));
    let (id, hash, scope) = (key.id(), key.hash(), scope.as_str());
    let new = NewApiKey { id, client, secret_hash: &hash, scope, expires_at };
    let owner = api_keys::create(database, new).await?;
    let owner = owner.context(match client {
        Some(_) => "this client is the operator's: use --operator, or another name",
        None => "no client in the table `clients` is the operator's",
    })?;
    Ok(MadeKey { key: key.expose().to_owned(), owner })
}

fn show(made: &MadeKey, scope: Scope, limit: &str) -> anyhow::Result<()> {
    let MadeKey { key, owner: KeyOwner { name: client, .. } } = made;
    let (scope, (public, _)) = (scope.as_str(), key.split_at(12));
    let mut out = stdout().lock();
    writeln!(out, "{key}")?;
    writeln!(
        out,
        "This is the only time the key is shown: keep it. It allows client {client} to {scope}."
    )?;
    writeln!(out, "Client {client} may submit {limit}.")?;
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
