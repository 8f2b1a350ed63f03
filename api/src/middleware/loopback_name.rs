//! Names of this machine that no other machine can have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an origin, as a browser writes it, is a page that this machine serves.
pub(super) fn is_loopback_origin(origin: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(is_loopback_authority)
}

/// Whether a host, with or without a port, is a loopback address or a name that always resolves to
/// one (RFC 6761).
pub(super) fn is_loopback_authority(authority: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        // Without a port, the last colon is one of an IPv6 address.
        _ => authority,
    };
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => {
            v6.parse::<Ipv6Addr>().is_ok_and(|v6| IpAddr::V6(v6).to_canonical().is_loopback())
        }
        None => host.parse::<Ipv4Addr>().map_or_else(|_| is_localhost(host), |v4| v4.is_loopback()),
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels = match name.rsplit_once('.') {
        None => return name.eq_ignore_ascii_case("localhost"),
        Some((labels, last)) if last.eq_ignore_ascii_case("localhost") => labels,
        Some(_) => return false,
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    labels.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_known_with_any_port() {
        for host in [
            "localhost",
            "LocalHost",
            "localhost.",
            "api.localhost",
            "a.b-c.localhost.",
            "127.0.0.1",
            "127.8.9.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[0:0:0:0:0:0:0:1]",
        ] {
            for authority in [host.to_owned(), format!("{host}:8080"), format!("{host}:")] {
                assert!(is_loopback_authority(&authority), "{authority}");
                assert!(is_loopback_origin(&format!("http://{authority}")), "{authority}");
                assert!(is_loopback_origin(&format!("https://{authority}")), "{authority}");
            }
        }
    }

    #[test]
    fn all_other_names_are_foreign() {
        for authority in [
            "",
            ":",
            ":8080",
            ".",
            "evil.example",
            "localhost.evil.example",
            "localhostx",
            "evillocalhost",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost..",
            ".localhost",
            "a..localhost",
            "evil.example/.localhost",
            "evil.example#.localhost",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io",
            "127.1",
            "0",
            "0.0.0.0",
            "0x7f.0.0.1",
            "2130706433",
            "::1",
            "[::]",
            "[::1",
            "::1]",
            "[::1]x",
            "[::1%lo]",
            "[127.0.0.1]",
            "192.0.2.7",
            "10.0.0.1:8080",
            "localhost:x",
            "localhost:80:80",
            "localhost, evil.example",
            " localhost",
            "localhost ",
            "https://localhost",
            "[2001:db8::1]:8080",
            "127.0.0.1:+80",
        ] {
            assert!(!is_loopback_authority(authority), "{authority}");
            assert!(!is_loopback_origin(&format!("http://{authority}")), "{authority}");
        }
        for origin in [
            "null",
            "",
            "localhost",
            "//localhost",
            "file://",
            "ftp://localhost",
            "http://localhost/",
            "HTTP://localhost",
            "http:localhost",
            "chrome-extension://localhost",
            "http://localhost http://evil.example",
        ] {
            assert!(!is_loopback_origin(origin), "{origin}");
        }
    }
}
