//! Fingerprints: what makes two requests the same request.

use domain::Fingerprint;
use proptest::prelude::{Just, proptest};
use proptest::{prop_assert_eq, prop_assert_ne, prop_oneof};
use serde_json::{Value, json};

fn of(method: &str, path: &str, body: &[u8]) -> Fingerprint {
    Fingerprint::of_request(method, path, body)
}

fn hex(fingerprint: &Fingerprint) -> String {
    fingerprint.as_bytes().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Computed by another program, once. It is over sorted members without spaces: a dependency that
/// switches on `serde_json/preserve_order` would break every retry, and this test first.
#[test]
fn the_fingerprint_of_a_request_never_changes() {
    let text = r#"{ "user_id": 42, "plan": "monthly", "duration_months": 3 }"#;
    let canonical = serde_json::from_str::<Value>(text).unwrap().to_string();
    assert_eq!(canonical, r#"{"duration_months":3,"plan":"monthly","user_id":42}"#);
    let fingerprint = of("POST", "/subscribe", canonical.as_bytes());
    assert_eq!(
        hex(&fingerprint),
        "0135b2cce577ea0e169612a204acf1550720f3c300c5af29ead4ec14659c2446"
    );
}

#[test]
fn method_path_and_body_each_make_another_request() {
    let body = json!({ "subscription_id": 1 }).to_string();
    let one = of("POST", "/cancel", body.as_bytes());
    assert_ne!(one, of("PUT", "/cancel", body.as_bytes()));
    assert_ne!(one, of("POST", "/renew", body.as_bytes()));
    assert_ne!(one, of("POST", "/cancel", b"{}"));
}

/// An absent member and its explicit default are different requests.
#[test]
fn a_fingerprint_is_taken_before_defaults() {
    let absent = json!({ "subscription_id": 1 }).to_string();
    let given = json!({ "subscription_id": 1, "duration_months": 1 }).to_string();
    let of_body = |body: &str| of("POST", "/renew", body.as_bytes());
    assert_ne!(of_body(&absent), of_body(&given));
}

#[test]
fn a_log_sees_the_first_4_bytes() {
    let fingerprint = Fingerprint::from_bytes(&[0xab; 32]).unwrap();
    assert_eq!(format!("{fingerprint:?}"), "abababab…");
}

#[test]
fn a_fingerprint_is_32_bytes_and_comes_back_from_them() {
    let fingerprint = of("POST", "/gift", b"{}");
    assert_eq!(Fingerprint::from_bytes(fingerprint.as_bytes()), Some(fingerprint));
    for length in [0, 16, 31, 33, 64] {
        assert_eq!(Fingerprint::from_bytes(&vec![0; length]), None);
    }
}

proptest! {
    /// Methods have no space and paths no line feed, so the three parts cannot be shifted.
    #[test]
    fn no_boundary_between_the_parts_can_be_shifted(
        method in prop_oneof![Just("POST"), Just("POS")],
        path in "/[a-z/]{0,12}",
        body in "[ -~\n]{0,12}",
        other_path in "/[a-z/]{0,12}",
        other_body in "[ -~\n]{0,12}",
    ) {
        let (one, other) = ((path, body), (other_path, other_body));
        let (a, b) = (
            of(method, &one.0, one.1.as_bytes()),
            of("POST", &other.0, other.1.as_bytes()),
        );
        if method == "POST" && one == other {
            prop_assert_eq!(a, b);
        } else {
            prop_assert_ne!(a, b);
        }
    }
}
