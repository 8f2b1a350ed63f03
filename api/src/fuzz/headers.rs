//! Random values of the headers that the api reads.

use crate::extract::{ApiKey, Prefer, WAIT_MAX, bucket, client_address};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use domain::IdempotencyKey;
use proptest::prelude::*;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Bytes that a header may have. Bytes that have a meaning are drawn more often.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("wait=".to_owned()),
        Just("respond-async".to_owned()),
        Just(", ".to_owned()),
        Just("sck_".to_owned()),
        Just("for=".to_owned()),
        Just("\"".to_owned()),
        Just("10.0.0.9".to_owned()),
        "[0-9]{1,25}",
        "[ -~]{0,12}",
        "\\PC{0,8}",
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| words.concat().into_bytes())
}

fn values() -> impl Strategy<Value = Vec<HeaderValue>> {
    prop::collection::vec(value(), 0..4).prop_map(|values| {
        values.iter().filter_map(|value| HeaderValue::from_bytes(value).ok()).collect()
    })
}

proptest! {
    #[test]
    fn a_wait_is_never_longer_than_the_longest(values in values()) {
        let headers: HeaderMap = values.into_iter().map(|value| (PREFER, value)).collect();
        let prefer = Prefer::from_headers(&headers);
        prop_assert!(prefer.wait(Duration::from_secs(1)) <= WAIT_MAX);
        if let Some(applied) = prefer.applied() {
            prop_assert!(HeaderValue::try_from(applied).is_ok());
        }
    }

    #[test]
    fn an_idempotency_key_is_visible_and_bounded_or_none(bytes in value()) {
        let visible =
            !bytes.is_empty() && bytes.len() <= 255 && bytes.iter().all(u8::is_ascii_graphic);
        prop_assert_eq!(IdempotencyKey::parse(&bytes).is_ok(), visible);
    }

    #[test]
    fn an_api_key_is_whole_or_none(bytes in value()) {
        let text = String::from_utf8_lossy(&bytes);
        if let Some(key) = ApiKey::parse(&text) {
            prop_assert_eq!(key.expose(), &*text);
            prop_assert_eq!(key.id().len(), 8);
        }
    }

    #[test]
    fn every_caller_has_one_bucket_with_a_short_name(
        peer in any::<IpAddr>(), standard in any::<bool>(), values in values(),
    ) {
        let name = if standard { "forwarded" } else { "x-forwarded-for" };
        let request = values.into_iter().fold(Request::new(()), |mut request, value| {
            request.headers_mut().append(name, value);
            request
        });
        let (mut parts, ()) = request.into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer, 1)));
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let name = bucket(client_address(&parts, &trusted));
        prop_assert!(name == "local" || name.starts_with("ip:"));
        prop_assert!(name.len() <= 64 && name.is_ascii());
    }
}
