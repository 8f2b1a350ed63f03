//! The address of the client of a request. It chooses the rate limit bucket of a request that has
//! no API key, and the peer that a failed authentication counts for.

use super::forwarded::{Hop, forwarded, x_forwarded_for};
use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address of the client that sent the request.
pub(crate) fn client_address(parts: &Parts, trusted: &[IpNet]) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    behind(peer, &parts.headers, trusted)
}

/// The address of the client behind `peer`. Headers are used only when the peer is a trusted proxy.
/// The client is then the right-most address that is no trusted proxy, because the client itself
/// may have written everything further left. Where that is not told, it is the peer.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let client = |hops: Vec<Hop>| {
        let mut known = hops.into_iter().rev().map_while(|hop| Some(hop?.to_canonical()));
        known.find(|hop| !is_trusted(hop))
    };
    let told = [x_forwarded_for(headers), forwarded(headers)];
    let mut clients = told.into_iter().filter(|hops| !hops.is_empty()).map(client);
    let first = clients.next().flatten();
    // A proxy that writes one of the two headers passes the other one on as the client wrote it. So
    // if they differ, neither is believed.
    first.filter(|_| clients.all(|other| other == first)).unwrap_or(peer)
}

/// The name of the bucket of a client.
pub(crate) fn bucket(client: IpAddr) -> String {
    match client {
        // One bucket for 127.0.0.1 and ::1, since `localhost` may be resolved to either.
        address if address.is_loopback() => "local".to_owned(),
        IpAddr::V4(v4) => format!("ip:{v4}"),
        // A client that has one IPv6 address usually has its whole /64.
        IpAddr::V6(v6) => format!("ip:{}/64", Ipv6Addr::from(u128::from(v6) >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket_by(peer: &str, headers: &[(&str, &str)], trusted: &[&str]) -> String {
        let headers = headers.iter().map(|(name, v)| (name.parse().unwrap(), v.parse().unwrap()));
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        bucket(behind(peer.parse().unwrap(), &headers.collect(), &trusted))
    }

    fn bucket_of(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let headers: Vec<_> = forwarded.iter().map(|value| ("x-forwarded-for", *value)).collect();
        bucket_by(peer, &headers, trusted)
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

    #[test]
    fn mapped_addresses_are_those_that_they_map_and_ports_do_not_count() {
        let trusted = ["10.0.0.0/8"];
        for hop in ["192.0.2.7", "192.0.2.7:81", "::ffff:192.0.2.7", "[::ffff:192.0.2.7]:82"] {
            let forwarded = [&*format!("{hop}, [::ffff:10.0.0.9]:83,")];
            assert_eq!(bucket_of("::ffff:10.0.0.1", &forwarded, &trusted), "ip:192.0.2.7");
        }
    }

    #[test]
    fn a_hop_that_hides_itself_ends_the_way() {
        let trusted = ["10.0.0.0/8"];
        for hop in ["unknown", "_hidden", "nonsense", "é"] {
            let forwarded = [&*format!("203.0.113.66, {hop}, 10.0.0.9")];
            assert_eq!(bucket_of("10.0.0.1", &forwarded, &trusted), "ip:10.0.0.1");
        }
    }

    #[test]
    fn two_headers_are_believed_if_they_agree() {
        let by = |both: [(&str, &str); 2]| bucket_by("10.0.0.1", &both, &["10.0.0.0/8"]);
        let forwarded = ("forwarded", "for=203.0.113.66, for=\"192.0.2.7:80\"");
        assert_eq!(by([("x-forwarded-for", "192.0.2.7"), forwarded]), "ip:192.0.2.7");
        assert_eq!(by([("x-forwarded-for", " ,"), forwarded]), "ip:192.0.2.7");
        for other in ["192.0.2.8", "unknown", "10.0.0.9"] {
            assert_eq!(by([("x-forwarded-for", other), forwarded]), "ip:10.0.0.1", "{other}");
        }
    }
}
