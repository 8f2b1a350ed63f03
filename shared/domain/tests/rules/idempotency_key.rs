//! Which texts are idempotency keys, and how little of one a log sees.

use domain::IdempotencyKey;
use proptest::prelude::{any, proptest};
use proptest::{prop_assert, prop_assert_eq};

fn is_key(bytes: &[u8]) -> bool {
    IdempotencyKey::parse(bytes).is_ok()
}

#[test]
fn a_key_has_1_to_255_visible_ascii_characters() {
    for valid in ["k", "!", "~", "order-1", "\"quoted\"", "a,b;c=d", "00000000-0000-4000-8000-0"] {
        assert!(is_key(valid.as_bytes()), "{valid:?}");
    }
    assert!(is_key(&[b'x'; 255]));
    assert!(!is_key(&[b'x'; 256]));
}

#[test]
fn nothing_else_is_a_key() {
    let blank = ["", " ", "a b", " a", "a ", "a, b", "\t", "a\tb", "a\n", "a\r\n"];
    let control = ["\0", "a\0", "\0a", "\u{1b}[0m", "\u{7f}", "a\u{7f}"];
    let foreign = ["é", "ключ", "a\u{200b}", "🔑", "a\u{a0}b"];
    for text in blank.into_iter().chain(control).chain(foreign) {
        assert!(!is_key(text.as_bytes()), "{text:?}");
    }
    for bytes in [&[0x80_u8][..], &[b'a', 0xff], &[0xc3, 0x28]] {
        assert!(!is_key(bytes), "{bytes:?}");
    }
}

#[test]
fn a_key_that_a_job_carries_is_checked_like_one_of_a_header() {
    for invalid in [r#""""#, r#""a b""#, r#""a\u0000""#, "7", "null"] {
        assert!(serde_json::from_str::<IdempotencyKey>(invalid).is_err(), "{invalid}");
    }
    let key: IdempotencyKey = serde_json::from_str(r#""order-1""#).unwrap();
    assert_eq!(serde_json::to_string(&key).unwrap(), r#""order-1""#);
}

#[test]
fn keys_differ_in_case() {
    assert_ne!(IdempotencyKey::parse(b"Order"), IdempotencyKey::parse(b"order"));
}

#[test]
fn a_log_sees_8_characters_of_a_key_and_its_length() {
    let key = IdempotencyKey::parse(b"customer-4711-card-4242").unwrap();
    assert_eq!(format!("{key:?}"), "customer…(23)");
    assert_eq!(format!("{key:#?}"), "customer…(23)");
}

proptest! {
    #[test]
    fn bytes_are_a_key_exactly_when_all_are_visible(bytes: Vec<u8>) {
        let visible = bytes.iter().all(|byte| (0x21..=0x7e).contains(byte));
        let expected = visible && !bytes.is_empty() && bytes.len() <= 255;
        prop_assert_eq!(is_key(&bytes), expected);
    }

    #[test]
    fn no_more_than_8_characters_are_ever_shown(text in "[!-~]{9,255}") {
        let key = IdempotencyKey::parse(text.as_bytes()).unwrap();
        let (shown, length) = (&text[..8], text.len());
        prop_assert_eq!(format!("{key:?}"), format!("{shown}…({length})"));
        prop_assert_eq!(key.as_str(), text);
    }

    #[test]
    fn every_single_byte_is_judged_alike_wherever_it_stands(byte in any::<u8>(), at in 0..3_usize) {
        let mut bytes = *b"abc";
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        prop_assert!(is_key(&bytes) == is_key(&[byte]));
    }
}
