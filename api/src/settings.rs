//! The settings of the api, read once. `api --help` is the reference.

use clap::ValueEnum;
use domain::RateLimit;
use ipnet::{IpNet, Ipv4Net};
use runtime::checks::Checks;
use runtime::settings::{Logs, PaymentsSetting, Postgres, Redis, Secret, Selling};
use std::net::{IpAddr, SocketAddr};

/// Whether API keys are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuthMode {
    /// Every request brings a key.
    Required,
    /// No request needs one; all act for the built-in client. On loopback only.
    Open,
}

/// The settings of an api.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Where Postgres is.
    #[command(flatten)]
    pub postgres: Postgres,

    /// Where Redis is.
    #[command(flatten)]
    pub redis: Redis,

    /// What is logged.
    #[command(flatten)]
    pub logs: Logs,

    /// How things are sold.
    #[command(flatten)]
    pub selling: Selling,

    /// Where to listen
    #[arg(long, env = "API_ADDR", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub api_addr: SocketAddr,

    /// Whether API keys are needed; "open" is for trying things out, on a loopback address only
    #[arg(long, env = "API_AUTH", value_enum, default_value_t = AuthMode::Required)]
    pub api_auth: AuthMode,

    /// Submissions that a client may make in a window; 0 turns the limit off
    #[arg(long, env = "RATE_LIMIT_REQUESTS", default_value_t = 10, value_name = "N")]
    pub rate_limit_requests: u64,

    /// The window: an empty bucket fills in this time
    #[arg(long, env = "RATE_LIMIT_WINDOW_SECONDS", default_value_t = 60, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub rate_limit_window_seconds: u64,

    /// How long a submission waits for its outcome before it is answered with a job to poll
    #[arg(long, env = "RESPONSE_WAIT_MS", default_value_t = 1000, value_name = "MILLISECONDS",
          value_parser = clap::value_parser!(u64).range(0..=30_000))]
    pub response_wait_ms: u64,

    /// How long a submission waits in all whose outcome is to be brought from outside, such as by a
    /// payment, before it is answered with a job to poll
    #[arg(long, env = "PAYMENT_WAIT_MS", default_value_t = 10_000, value_name = "MILLISECONDS",
          value_parser = clap::value_parser!(u64).range(0..=30_000))]
    pub payment_wait_ms: u64,

    /// Jobs that may wait for a worker; beyond it submissions are refused with 503
    #[arg(long, env = "QUEUE_DEPTH_MAX", default_value_t = 100_000, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub queue_depth_max: u64,

    /// Requests that may wait for jobs at once, a quarter of them for one client; beyond it they
    /// are answered at once, submissions with a job to poll
    #[arg(long, env = "WAITERS_MAX", default_value_t = 10_000, value_name = "N")]
    pub waiters_max: usize,

    /// Connections of clients at once; fewer when `ulimit -n` does not allow so many
    #[arg(long, env = "CONNECTIONS_MAX", default_value_t = 2048, value_name = "N",
          value_parser = connections)]
    pub connections_max: usize,

    /// Proxies whose X-Forwarded-For and Forwarded are believed, as addresses or networks,
    /// separated by commas
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS",
          value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// How long a gift can be redeemed
    #[arg(long, env = "GIFT_TTL_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(1..=1825))]
    pub gift_ttl_days: u32,

    /// What the webhooks of the simulated provider are signed with; without it they are refused
    #[arg(long, env = "SIMULATED_WEBHOOK_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub simulated_webhook_secret: Option<Secret>,

    /// What the webhooks of Stripe are signed with, separated by commas; any of them is good.
    /// Without one they are refused
    #[arg(
        long,
        env = "STRIPE_WEBHOOK_SECRETS",
        hide_env_values = true,
        value_delimiter = ',',
        value_name = "SECRETS"
    )]
    pub stripe_webhook_secrets: Vec<Secret>,
}

fn connections(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (16..=1_000_000).contains(count));
    count.ok_or_else(|| "must be 16 to 1000000".to_owned())
}

fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map(unmapped)
        .map_err(|_| "must be an address or a network such as 10.0.0.0/8".to_owned())
}

/// The IPv4 network that an IPv6 one maps, because addresses are compared in that form.
fn unmapped(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let prefix = v6.prefix_len().checked_sub(96);
    let mapped = v6.addr().to_ipv4_mapped().zip(prefix);
    let v4 = mapped.and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok());
    v4.map_or(network, IpNet::V4)
}

/// Settings that contradict each other.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// Open mode on an address that other machines can reach.
    #[error(
        "API_AUTH=open is for loopback addresses only, and API_ADDR is {0}.\n  Use \
         API_AUTH=required and make a key with `api keys create`, or listen on 127.0.0.1."
    )]
    OpenOffLoopback(SocketAddr),
    /// A limit that is too large to be counted.
    #[error(
        "RATE_LIMIT_REQUESTS times RATE_LIMIT_WINDOW_SECONDS is too large: keep it below \
         9 000 000 000"
    )]
    LimitTooLarge,
}

impl Settings {
    /// The rate limit that the settings ask for, and the beginning of the list of what is wrong.
    #[must_use]
    pub fn checked(&self) -> (RateLimit, Checks) {
        let mut checks = Checks::default();
        let limit = self.validate().unwrap_or_else(|error| {
            let text = error.to_string();
            let (what, cure) = text.split_once("\n  ").unwrap_or((&text, "lower one of them"));
            checks.wrong(what, cure);
            RateLimit::OFF
        });
        if self.selling.payments == PaymentsSetting::Stripe
            && self.stripe_webhook_secrets.is_empty()
        {
            let what = "PAYMENTS is stripe, and its webhooks are refused: what users confirm is \
                        never seen, and is paid back after 23 hours";
            checks.doubtful(what, "set STRIPE_WEBHOOK_SECRETS to that of the endpoint at Stripe");
        }
        (limit, checks)
    }

    /// Checks the settings against each other, and returns the rate limit.
    pub fn validate(&self) -> Result<RateLimit, InvalidSettings> {
        if self.api_auth == AuthMode::Open && !self.api_addr.ip().is_loopback() {
            return Err(InvalidSettings::OpenOffLoopback(self.api_addr));
        }
        self.rate_limit()
    }

    /// The rate limit of every client that has none of its own.
    pub fn rate_limit(&self) -> Result<RateLimit, InvalidSettings> {
        RateLimit::new(self.rate_limit_requests, self.rate_limit_window_seconds)
            .ok_or(InvalidSettings::LimitTooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    #[test]
    fn what_stripe_lacks_is_said_at_the_start() {
        let checks = |more: &[&str]| {
            let given = ["api", "--database-url", "postgres://h/d", "--redis-url", "redis://h"];
            let given = given.iter().chain(more);
            Cli::try_parse_from(given).unwrap().settings.checked().1
        };
        assert_eq!(checks(&["--payments", "simulated"]), Checks::default());
        let secret = ["--payments", "stripe", "--stripe-webhook-secrets", "whsec_1"];
        assert_eq!(checks(&secret), Checks::default());
        let found = checks(&["--payments", "stripe"]);
        assert!(!found.refuse() && found.to_string().contains("STRIPE_WEBHOOK_SECRETS"), "{found}");
    }

    #[test]
    fn a_network_that_is_mapped_is_the_one_that_it_maps() {
        for (text, meant) in [
            ("10.0.0.1", "10.0.0.1/32"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
            ("2001:db8::/32", "2001:db8::/32"),
        ] {
            assert_eq!(network(text).unwrap(), meant.parse().unwrap());
        }
    }
}
