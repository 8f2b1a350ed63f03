//! The command line of the api: what it is told to do instead of serving.

use crate::scope::Scope;
use crate::settings::Settings;
use clap::{Args, Parser, Subcommand};
use domain::{Instant, InvalidRateLimit, RateLimit, TestClock};
use std::path::PathBuf;

/// Serves the HTTP API: admits commands into the queue and answers with their outcome.
///
/// Any number of apis may run. Stop one with SIGTERM or Ctrl-C: it answers what it has admitted.
#[derive(Debug, Parser)]
#[command(name = "api", version, max_term_width = 100)]
pub struct Cli {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<CliCommand>,

    /// The settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// What an api is told to do instead of serving.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Ask the api that runs here for its health; exit 0 when it is well
    Health,
    /// List all that keeps the api from starting or may go wrong later, with what to do about it,
    /// and change nothing; exit 0 when it can start
    Check,
    /// Make and list clients, and change their rate limits
    Clients {
        /// What to do.
        #[command(subcommand)]
        command: ClientsCommand,
    },
    /// Show and change what a client sells
    Plans {
        /// What to do.
        #[command(subcommand)]
        command: PlansCommand,
    },
    /// Make, list and revoke API keys
    Keys {
        /// What to do.
        #[command(subcommand)]
        command: KeysCommand,
    },
}

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub enum ClientsCommand {
    /// Make a client; `keys create` makes keys for it
    Create {
        /// Its name, which no other client has
        #[arg(value_name = "NAME", value_parser = client_name)]
        client: String,
        /// How many commands it may submit in how many seconds, such as 600/60; 0/60 for any
        /// number; as the settings of the apis say when absent
        #[arg(long, value_name = "N/SECONDS", value_parser = RateLimit::parse)]
        rate: Option<RateLimit>,
        /// Make it a test client, for good: its time stands still
        #[arg(long)]
        test: bool,
        /// The instant at which the time of a test client stands, such as 2026-01-31T00:00:00Z; the
        /// present when absent
        #[arg(long, requires = "test", value_name = "TIME", value_parser = TestClock::parse_time)]
        at: Option<Instant>,
    },
    /// Change the rate limit of a client; apis know it within 30 seconds
    Set {
        /// Its name
        #[arg(value_name = "NAME", value_parser = client_name)]
        client: String,
        /// As for `create`, or "default" for what the settings of the apis say
        #[arg(long, value_name = "N/SECONDS|default", value_parser = Rate::parse)]
        rate: Rate,
    },
    /// List all clients with their rate limits
    List,
}

/// A rate limit to be set; `None` for that of the settings.
#[derive(Debug, Clone, Copy)]
pub struct Rate(pub Option<RateLimit>);

impl Rate {
    fn parse(text: &str) -> Result<Self, InvalidRateLimit> {
        let is_default = text == "default";
        if is_default {
            Ok(Self(None))
        } else {
            RateLimit::parse(text).map(|rate| Self(Some(rate)))
        }
    }
}

/// What to do with plans.
#[derive(Debug, Subcommand)]
pub enum PlansCommand {
    /// Make a client's plans be those of a file: show the difference and apply it whole; plans that
    /// the file does not name are left alone
    Push {
        /// The file: see examples/plans.toml
        file: PathBuf,
        /// The name of the client that sells them
        #[arg(long, default_value = "local", value_parser = client_name)]
        client: String,
        /// Show the difference only
        #[arg(long)]
        dry_run: bool,
    },
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a key and show it, once
    Create {
        /// For whom.
        #[command(flatten)]
        owner: OwnerArguments,
        /// What it allows
        #[arg(long, value_enum, default_value_t = Scope::Write)]
        scope: Scope,
        /// In how many days it stops working; never when absent
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires_in_days: Option<u32>,
    },
    /// List all keys
    List,
    /// Revoke a key, for good; it stops working within 30 seconds
    Revoke {
        /// Its id, which is the 8 characters after sck_, or the whole key
        #[arg(value_name = "ID", allow_hyphen_values = true)]
        key: String,
        /// All that follows. It is taken as it comes and refused by us, because the parser would
        /// show what it does not know, and that may be a secret.
        #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

/// For whom a key is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct OwnerArguments {
    /// The name of the client it speaks for; a new name makes a new client
    #[arg(long, value_parser = client_name)]
    pub client: Option<String>,
    /// Make a key of the operator, which is the only kind that allows GET /metrics
    #[arg(long)]
    pub operator: bool,
}

fn client_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err("must be 1 to 64 characters".to_owned());
    }
    Ok(text.to_owned())
}
