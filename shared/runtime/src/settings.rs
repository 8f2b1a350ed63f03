//! The settings that both programs have. `--help` is the reference.

use clap::{Args, ValueEnum};
use domain::Provider;
use queue::QueueSettings;
use std::fmt;
use store::{Database, Fitted, StoreError};

/// A URL that may contain a password. It is never shown.
#[derive(Clone)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The URL itself, to connect to.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretUrl(…)")
    }
}

/// A secret that we share with somebody. It is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self(secret.trim().to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where Postgres is.
#[derive(Debug, Clone, Args)]
pub struct Postgres {
    /// Where Postgres is, such as `postgres://user:password@localhost/commerce`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: SecretUrl,

    /// Connections to Postgres, at most. A few are enough: commands are committed in batches.
    #[arg(long, env = "DATABASE_CONNECTIONS_MAX", default_value_t = 8, value_name = "N",
          value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub database_connections_max: u32,

    /// Whether a Postgres is refused that can lose what it has committed; "waived" is for tests and
    /// for trying things out
    #[arg(long, env = "DATABASE_DURABILITY", value_enum,
          default_value_t = Durability::Required)]
    pub database_durability: Durability,
}

impl Postgres {
    /// A handle that fits the way to Postgres. Without the look for a pooler, the settings of our
    /// sessions would stay in sessions that a pooler gives to others.
    pub async fn open(&self) -> Result<Fitted, StoreError> {
        Database::new(self.database_url.expose(), self.database_connections_max)?.fitted().await
    }
}

/// What is asked of the durability of Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// What it has committed is on disk.
    Required,
    /// A crash of its host may undo what was answered and what was promised.
    Waived,
}

/// Where Redis is, and the queue in it.
#[derive(Debug, Clone, Args)]
pub struct Redis {
    /// Where Redis is, such as `redis://localhost:6379`
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: SecretUrl,

    /// The first part of our keys in Redis. Stacks that share a Redis need names of their own.
    #[arg(long, env = "QUEUE_NAME", default_value = "commerce", value_name = "NAME",
          value_parser = queue_name)]
    pub queue_name: String,

    /// How long Redis keeps a response for replays. The command log in Postgres keeps it for good,
    /// so this trades memory of Redis for speed of late replays and nothing else.
    #[arg(long, env = "IDEMPOTENCY_TTL_SECONDS", default_value_t = 86_400, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub idempotency_ttl_seconds: u64,
}

impl Redis {
    /// The settings that the queue needs.
    #[must_use]
    pub fn queue(&self) -> QueueSettings<'_> {
        QueueSettings {
            url: self.redis_url.expose(),
            name: &self.queue_name,
            ttl_seconds: self.idempotency_ttl_seconds,
        }
    }
}

fn queue_name(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
        return Err("must be 1 to 64 characters of A-Z, a-z, 0-9, - and _".to_owned());
    }
    Ok(text.to_owned())
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct Logs {
    /// How log lines are written
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// What is logged: a level, or levels by module such as info,sqlx=warn
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    pub rust_log: String,
}

/// Who takes payments of live clients. Those of test clients are always simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PaymentsSetting {
    /// Nobody: only what costs nothing is sold.
    None,
    /// Our own provider, which takes no real money.
    Simulated,
    /// Stripe.
    Stripe,
}

impl PaymentsSetting {
    /// Who takes payments of a client; nobody if only what costs nothing is sold.
    #[must_use]
    pub const fn provider_of(self, livemode: bool) -> Option<Provider> {
        match self {
            _ if !livemode => Some(Provider::Simulated),
            Self::None => None,
            Self::Simulated => Some(Provider::Simulated),
            Self::Stripe => Some(Provider::Stripe),
        }
    }
}

/// What both programs must know of how things are sold. All processes need the same.
#[derive(Debug, Clone, Copy, Args)]
pub struct Selling {
    /// Who takes payments of live clients: "none" sells only what costs nothing, "simulated" takes
    /// no real money. Those of test clients are always simulated
    #[arg(long, env = "PAYMENTS", value_enum, default_value_t = PaymentsSetting::None)]
    pub payments: PaymentsSetting,
}
