//! The rate limit bucket of a request that has no API key. It is chosen by the client's address.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr};

/// The name of the bucket for the client behind `peer`. `X-Forwarded-For` is used only when the
/// peer is a trusted proxy. The client is then the right-most address that is no trusted proxy,
/// because the client itself may have written everything further left.
pub(crate) fn bucket(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> String {
    let peer = canonical(peer);
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer;
    if is_trusted(&peer) {
        let values = headers.get_all("x-forwarded-for").iter().rev();
        let mut hops = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.rsplit(','))
            .map_while(|hop| hop.trim().parse().ok().map(canonical));
        client = hops.find(|hop| !is_trusted(hop)).unwrap_or(peer);
    }
    match client {
        // One bucket for 127.0.0.1 and ::1, since `localhost` may be resolved to either.
        address if address.is_loopback() => "local".to_owned(),
        IpAddr::V4(v4) => format!("ip:{v4}"),
        // A client that has one IPv6 address usually has its whole /64.
        IpAddr::V6(v6) => format!("ip:{}/64", Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
    }
}

fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket_of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        bucket(peer.parse().unwrap(), &headers, &trusted)
    }

    #[test]
    fn every_loopback_address_is_one_client() {
        for peer in ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(bucket_of(peer, &[], &[]), "local");
        }
    }

    #[test]
    fn addresses_are_clients_without_their_port_and_within_their_network() {
        assert_eq!(bucket_of("192.0.2.7", &[], &[]), "ip:192.0.2.7");
        assert_eq!(bucket_of("::ffff:192.0.2.7", &[], &[]), "ip:192.0.2.7");
        assert_eq!(bucket_of("2001:db8:1:2:3::9", &[], &[]), "ip:2001:db8:1:2::/64");
    }

    #[test]
    fn a_stranger_cannot_forward() {
        assert_eq!(bucket_of("192.0.2.7", &["198.51.100.1"], &[]), "ip:192.0.2.7");
    }

    #[test]
    fn a_proxy_forwards_the_last_address_that_is_not_a_proxy() {
        let trusted = ["10.0.0.0/8"];
        let forwarded = ["203.0.113.66, 198.51.100.1, 10.0.0.9"];
        assert_eq!(bucket_of("10.0.0.1", &forwarded, &trusted), "ip:198.51.100.1");
        let lines = ["203.0.113.66", "198.51.100.1"];
        assert_eq!(bucket_of("10.0.0.1", &lines, &trusted), "ip:198.51.100.1");
        assert_eq!(bucket_of("10.0.0.1", &["nonsense"], &trusted), "ip:10.0.0.1");
    }
}
