//! What a client may say about a user: the external id and the metadata.

use domain::{ExternalId, Metadata};
use serde_json::{Value, json};

#[test]
fn an_external_id_is_1_to_128_visible_ascii_characters() {
    for id in ["1", "!~", "customer-4711/eu", "a@b.org", &"x".repeat(128)] {
        assert_eq!(ExternalId::parse(id).unwrap().as_str(), id);
        assert_eq!(serde_json::from_value::<ExternalId>(json!(id)).unwrap().as_str(), id);
    }
    for wrong in ["", " ", "a b", "a\n", "é", "\u{7f}", "\0", &"x".repeat(129)] {
        assert!(ExternalId::parse(wrong).is_err(), "{wrong:?}");
        assert!(serde_json::from_value::<ExternalId>(json!(wrong)).is_err(), "{wrong:?}");
    }
}

/// As many pairs as that, each of these lengths, in characters of two bytes.
fn pairs(count: usize, name_length: usize, value_length: usize) -> Value {
    let name = |n: usize| format!("{n:é>name_length$}");
    (0..count)
        .map(|n| (name(n), json!("ü".repeat(value_length))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn read(json: &Value) -> Result<Metadata, serde_json::Error> {
    serde_json::from_value(json.clone())
}

#[test]
fn metadata_is_at_most_20_pairs_of_strings_of_bounded_lengths() {
    for right in [json!({}), json!({"": ""}), json!({"a": "line\nline"}), pairs(20, 40, 500)] {
        assert_eq!(json!(read(&right).unwrap()), right);
    }
    for wrong in [
        pairs(21, 3, 1),
        pairs(1, 41, 1),
        pairs(1, 1, 501),
        json!({"a": "\0"}),
        json!({"\0": "a"}),
        json!({"a": 1}),
        json!({"a": null}),
        json!({"a": {}}),
        json!([]),
        json!("a"),
        json!(null),
    ] {
        let error = read(&wrong).unwrap_err().to_string();
        assert!(error.contains("at most 20 pairs of strings"), "{wrong}: {error}");
    }
}
