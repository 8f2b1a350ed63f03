//! `DATABASE_URL`, as users of libpq write it.

use crate::StoreError;
use sqlx::postgres::PgConnectOptions;
use std::str::FromStr;

/// Parameters that sqlx knows.
const KNOWN: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
];

/// Parameters of libpq that change nothing here: we have time limits and names of our own, the text
/// is always UTF-8, and what sqlx does not offer is not used anyway.
const WITHOUT_EFFECT: [&str; 13] = [
    "connect_timeout",
    "client_encoding",
    "fallback_application_name",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "gssencmode",
    "sslcompression",
    "sslsni",
    "krbsrvname",
    "load_balance_hosts",
];

/// The options of a URL, or what to write instead. The error has no password in it.
pub(crate) fn parse(url: &str) -> Result<PgConnectOptions, StoreError> {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    let rest = rest.ok_or_else(|| {
        setup("must be a URL such as postgres://user:password@host:5432/database")
    })?;
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = before.split_once('/').unwrap_or((before, ""));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut parameters = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if is_used(name, value)? {
            parameters.push(parameter.to_owned());
        }
    }
    if host.contains(',') {
        return Err(several_hosts());
    }
    // A URL may not name a user without a host, which to libpq means its default host.
    let authority = if host.is_empty() {
        parameters.extend(user_parameters(user));
        ""
    } else {
        authority
    };
    let url = format!("postgres://{authority}/{database}?{}", parameters.join("&"));
    // Its own errors do not show the URL.
    let options = PgConnectOptions::from_str(&url).map_err(|error| match error {
        sqlx::Error::Configuration(cause) => setup(&cause.to_string()),
        other => StoreError::from(other),
    })?;
    // A URL has an IPv6 address in brackets, the resolver wants it without.
    let bare = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    Ok(match bare.map(ToOwned::to_owned) {
        Some(address) => options.host(&address),
        None => options,
    })
}

/// Whether sqlx is given this parameter; an error if the URL asks for what cannot be had.
fn is_used(name: &str, value: &str) -> Result<bool, StoreError> {
    match name {
        "host" | "hostaddr" | "port" if value.contains(',') || value.contains("%2C") => {
            Err(several_hosts())
        }
        // Writes to a standby are refused, which counts as an outage.
        "target_session_attrs" if matches!(value, "any" | "read-write" | "primary") => Ok(false),
        "target_session_attrs" => {
            Err(setup("must lead to the primary: leave target_session_attrs out"))
        }
        name if WITHOUT_EFFECT.contains(&name) => Ok(false),
        name if KNOWN.contains(&name) || name.starts_with("options[") => Ok(true),
        name => {
            Err(setup(&format!("has the parameter {name}, which is not supported: leave it out")))
        }
    }
}

/// `user:password` as parameters of the query, where a plus sign would be a space.
fn user_parameters(user: &str) -> Vec<String> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let named = [("user", name), ("password", password)].into_iter();
    let named = named.filter(|(_, value)| !value.is_empty());
    named.map(|(key, value)| format!("{key}={}", value.replace('+', "%2B"))).collect()
}

fn several_hosts() -> StoreError {
    setup(
        "names several hosts: write one that always leads to the primary, such as a virtual \
         address, a name that a failover moves, or a proxy (PgBouncer, HAProxy)",
    )
}

fn setup(what: &str) -> StoreError {
    StoreError::Setup(format!("DATABASE_URL {what}"))
}
