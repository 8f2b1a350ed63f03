//! The options. `load --help` is their reference.

use std::net::{IpAddr, ToSocketAddrs as _};

use clap::Parser;
use reqwest::Url;

/// Load-tests a running api of this project and prints a table and what was expected of it.
///
/// Four tests: 100 reads of the health page, 20 concurrent retries of one Idempotency-Key, 50
/// mixed requests, and real writes (users, subscribe, renew, gift, redeem, cancel). It starts
/// nothing: start the api first, with `make run`.
#[derive(Parser)]
#[command(
    name = "load",
    version,
    after_help = "The api limits submissions (10 a minute by default). The first three tests \
        live with that; the fourth is sized to what the limit leaves.\n\
        For the full test: RATE_LIMIT_REQUESTS=0 make run\n\n\
        Exit code: 0 all as expected, 1 an expectation failed, 2 the tests could not be run."
)]
pub(crate) struct Options {
    /// Address of the api; loopback only, a load test is not for other people's machines
    #[arg(long, env = "API_URL", default_value = "http://127.0.0.1:8080",
          value_parser = loopback_url)]
    pub(crate) url: Url,

    /// API key; not needed when the api runs with `API_AUTH=open`, as `make run` does
    #[arg(long, env = "API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,

    /// Commands of the fourth test, spread evenly over its six kinds: 6 to 100000
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(6..=100_000))]
    pub(crate) writes: u32,

    /// Requests in flight at once (the 20 retries are always sent together): 1 to 256
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,

    /// Bound of the whole run, waiting for the rate limit included: 1 to 3600
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout_seconds: u64,
}

fn loopback_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "http" || host.is_empty() {
        return Err("not of the form http://127.0.0.1:8080".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("give the address only, without a path".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("give the key by --api-key, not in the address".to_owned());
    }
    if is_loopback(host) { Ok(url) } else { Err(format!("{host} is not a loopback address")) }
}

/// `localhost` counts only if it really names this machine.
fn is_loopback(host: &str) -> bool {
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return ip.is_loopback();
    }
    host == "localhost"
        && (host, 0).to_socket_addrs().is_ok_and(|mut all| all.all(|one| one.ip().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_consistent() {
        <Options as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn loopback_addresses_are_accepted() {
        for text in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:80/"] {
            assert!(loopback_url(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn every_other_address_is_refused() {
        for text in [
            "http://10.0.0.1",
            "http://0.0.0.0:8080",
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "https://127.0.0.1",
            "http://127.0.0.1/v1",
            "http://key@127.0.0.1",
            "127.0.0.1:8080",
            "",
        ] {
            assert!(loopback_url(text).is_err(), "{text}");
        }
    }
}
