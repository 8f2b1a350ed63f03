//! `api clients`: makes and lists clients, and changes their rate limits.

use crate::cli::arguments::{ClientsCommand, Rate};
use crate::cli::{database, ensure_not_built_in, in_words};
use crate::settings::Settings;
use anyhow::{Context, ensure};
use contract::view::timestamp;
use domain::RateLimit;
use std::io::{Write, stdout};
use store::{Database, clients};

/// Runs one `api clients` command.
pub async fn run(command: ClientsCommand, settings: &Settings) -> anyhow::Result<()> {
    let database = database(settings).await?;
    match command {
        ClientsCommand::Create { client, rate, test, at } => {
            let there_is = || format!("there is a client {client} already: see `api clients list`");
            if test {
                let clock = clients::create_test(&database, &client, rate, at).await?;
                let clock = timestamp(clock.with_context(there_is)?);
                writeln!(stdout(), "test client {client} is made, and has no keys yet")?;
                writeln!(stdout(), "its clock stands at {clock}")?;
            } else {
                ensure!(clients::create(&database, &client, rate).await?, there_is());
                writeln!(stdout(), "client {client} is made, and has no keys yet")?;
            }
            show_limit(&client, rate, settings)
        }
        ClientsCommand::Set { client, rate: Rate(rate) } => {
            ensure_not_built_in(&client)?;
            let known = clients::set_rate_limit(&database, &client, rate).await?;
            ensure!(known, "there is no client {client}: see `api clients list`");
            show_limit(&client, rate, settings)?;
            writeln!(stdout(), "apis that saw it last know within 30 seconds")?;
            Ok(())
        }
        ClientsCommand::List => list(&database).await,
    }
}

fn show_limit(client: &str, own: Option<RateLimit>, settings: &Settings) -> anyhow::Result<()> {
    writeln!(stdout(), "client {client} may submit {}", in_words(own, settings)?)?;
    Ok(())
}

async fn list(database: &Database) -> anyhow::Result<()> {
    let clients = clients::list(database).await?;
    let mut out = stdout().lock();
    for client in clients {
        let limit = client.rate_limit.map_or_else(|| "default".to_owned(), |own| own.to_string());
        let made = timestamp(client.created_at);
        let operator = if client.is_operator { "  the operator" } else { "" };
        let clock = client.clock.map(|clock| timestamp(clock.now));
        let test = clock.map(|now| format!("  a test client at {now}")).unwrap_or_default();
        let (id, name) = (client.id, client.name);
        writeln!(out, "{id:>3}  client {name}  limit {limit}  made {made}{operator}{test}")?;
    }
    Ok(())
}
