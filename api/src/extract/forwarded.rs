//! The addresses in `X-Forwarded-For` and `Forwarded` (RFC 7239), as proxies write them.

use super::quoted::{split_unquoted, unquoted};
use axum::http::{HeaderMap, HeaderName, header};
use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of a hop on the way of a request; `None` if its proxy hides it, does not know it, or
/// wrote what cannot be read.
pub(super) type Hop = Option<IpAddr>;

/// The hops that `X-Forwarded-For` names, in the order in which they were added.
pub(super) fn x_forwarded_for(headers: &HeaderMap) -> Vec<Hop> {
    let lines = lines(headers, &X_FORWARDED_FOR);
    let elements = lines.iter().flat_map(|line| line.split(','));
    hops(elements, |element| address(&unquoted(element)?))
}

/// The hops that `Forwarded` names, in the order in which they were added.
pub(super) fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let lines = lines(headers, &header::FORWARDED);
    let elements = lines.iter().flat_map(|line| split_unquoted(line, ','));
    hops(elements, |element| {
        let pairs = split_unquoted(element, ';').filter_map(|pair| pair.split_once('='));
        let mut nodes = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        let (_, node) = nodes.next()?;
        // An element with two of them is malformed, and either may be a lie.
        nodes.next().is_none().then(|| address(&unquoted(node.trim())?)).flatten()
    })
}

/// The values of all headers of that name. Bytes that are no text spoil the element that has them,
/// and not what a proxy has appended.
fn lines<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<Cow<'h, str>> {
    headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect()
}

/// The hops of `elements`. An empty one, as after a comma at the end, is none.
fn hops<'h>(elements: impl Iterator<Item = &'h str>, read: impl Fn(&str) -> Hop) -> Vec<Hop> {
    elements.map(str::trim).filter(|element| !element.is_empty()).map(read).collect()
}

/// The address of a node: alone, or with brackets, a zone or a port.
fn address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    if let Some((inside, port)) = node.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let has_port = port.strip_prefix(':').is_some_and(is_port);
        return (port.is_empty() || has_port).then(|| without_zone(inside)).flatten();
    }
    without_zone(node).or_else(|| {
        let (host, port) = node.split_once(':')?;
        host.parse().ok().filter(|_| is_port(port))
    })
}

/// An address whose zone, the interface of the proxy that it was reached by, is left out.
fn without_zone(text: &str) -> Option<IpAddr> {
    match text.split_once('%') {
        Some((address, _)) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// Whether it is a port, which RFC 7239 allows to be a name that hides it.
fn is_port(port: &str) -> bool {
    port.starts_with('_') || (!port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, values: &[&str]) -> Vec<String> {
        let headers: HeaderMap =
            values.iter().map(|v| (HeaderName::from_static(name), v.parse().unwrap())).collect();
        let hops =
            if name == "forwarded" { forwarded(&headers) } else { x_forwarded_for(&headers) };
        hops.iter().map(|hop| hop.map_or("?".to_owned(), |address| address.to_string())).collect()
    }

    #[test]
    fn x_forwarded_for_is_read_as_proxies_write_it() {
        for (value, hops) in [
            ("192.0.2.7", &["192.0.2.7"][..]),
            ("192.0.2.7:4711", &["192.0.2.7"]),
            ("2001:db8::9", &["2001:db8::9"]),
            ("[2001:db8::9]", &["2001:db8::9"]),
            ("[2001:db8::9]:443", &["2001:db8::9"]),
            ("\"[2001:db8::9]:443\"", &["2001:db8::9"]),
            ("\"192.0.2.7\"", &["192.0.2.7"]),
            ("fe80::1%eth0", &["fe80::1"]),
            ("[fe80::1%25eth0]:80", &["fe80::1"]),
            ("::ffff:192.0.2.7", &["::ffff:192.0.2.7"]),
            ("192.0.2.7,", &["192.0.2.7"]),
            (",, 192.0.2.7 ,\t198.51.100.1 , ", &["192.0.2.7", "198.51.100.1"]),
            ("unknown, 192.0.2.7", &["?", "192.0.2.7"]),
            ("", &[]),
            (" , ", &[]),
        ] {
            assert_eq!(read("x-forwarded-for", &[value]), hops, "{value}");
        }
        // A quote that a client leaves open takes nothing from what its proxy appends.
        assert_eq!(read("x-forwarded-for", &["\", 192.0.2.7"]), ["?", "192.0.2.7"]);
        let several = ["192.0.2.7, 192.0.2.8", "", "é, 192.0.2.9"];
        let hops = ["192.0.2.7", "192.0.2.8", "?", "192.0.2.9"];
        assert_eq!(read("x-forwarded-for", &several), hops);
    }

    #[test]
    fn forwarded_is_read_as_the_standard_writes_it() {
        for (value, hops) in [
            ("for=192.0.2.7", &["192.0.2.7"][..]),
            ("For=\"[2001:db8::9]:4711\"", &["2001:db8::9"]),
            ("by=10.0.0.1;FOR = \"192.0.2.7:80\" ; proto=https", &["192.0.2.7"]),
            ("for=192.0.2.7:80", &["192.0.2.7"]),
            ("for=\"192.0.2.7:_hidden\"", &["192.0.2.7"]),
            ("for=\"\\192.0.2.7\"", &["192.0.2.7"]),
            ("for=192.0.2.7, for=\"[2001:db8::9]\",", &["192.0.2.7", "2001:db8::9"]),
            ("for=unknown, for=_hidden, for=192.0.2.7", &["?", "?", "192.0.2.7"]),
            ("proto=https;by=192.0.2.7", &["?"]),
            ("for=192.0.2.7;for=192.0.2.8", &["?"]),
            ("host=\"a,for=192.0.2.6;for=192.0.2.7\";for=192.0.2.8", &["192.0.2.8"]),
            // A quote that a client leaves open takes what the proxy appends: nobody is believed.
            ("for=192.0.2.6, x=\", for=192.0.2.7", &["192.0.2.6", "?"]),
        ] {
            assert_eq!(read("forwarded", &[value]), hops, "{value}");
        }
        assert_eq!(read("forwarded", &["for=192.0.2.7", "for=_x"]), ["192.0.2.7", "?"]);
    }

    #[test]
    fn what_is_no_address_is_a_hop_without_one() {
        for value in [
            "nonsense",
            "192.0.2",
            "192.0.2.07",
            "192.0.2.7:",
            "192.0.2.7:x",
            "192.0.2.7%eth0",
            "[2001:db8::9",
            "2001:db8::9]",
            "[2001:db8::9]443",
            "[2001:db8::9]:",
            "[]",
            "\"192.0.2.7",
            "for=192.0.2.7",
            "192.0.2.7/24",
            "192.0.2.7 192.0.2.8",
        ] {
            assert_eq!(read("x-forwarded-for", &[value]), ["?"], "{value}");
        }
    }
}
