//! Which texts are email addresses, and which are the same mailbox.

use domain::Email;
use proptest::prelude::proptest;
use proptest::{prop_assert, prop_assert_eq};

fn is_email(text: &str) -> bool {
    Email::parse(text).is_ok()
}

#[test]
fn everyday_addresses_are_valid() {
    for text in [
        "a@b.co",
        "alice@example.com",
        "first.last@sub.example.co.uk",
        "alice+tag@example.com",
        "o'brien@example.ie",
        "x_y-z=1@example.com",
        "1234567890@example.com",
        "a@xn--bcher-kva.example",
        "a@1.example",
    ] {
        assert!(is_email(text), "{text:?}");
    }
}

#[test]
fn texts_that_no_mail_can_be_sent_to_are_invalid() {
    for text in [
        "",
        " ",
        "alice",
        "@",
        "alice@",
        "@example.com",
        "alice.example.com",
        "a@b@example.com",
        "alice@@example.com",
        ".alice@example.com",
        "alice.@example.com",
        "a..b@example.com",
        "alice@.example.com",
        "alice@example.com.",
        "alice@example..com",
        "alice@-example.com",
        "alice@example-.com",
        "al ice@example.com",
        "alice@exa mple.com",
        "alice@example .com",
        "\"alice@example.com",
        "alice(comment)@example.com",
        "alice@example.com,bob@example.com",
        "alice@example.com; bob@example.com",
        "mailto:alice@example.com,x",
        "alice\\@example.com",
        "a@b!c.com",
        "a@a/b.org",
        "a@x{y}z.org",
        "a@b_c.com",
        "a@[]",
        "a@[nonsense]",
        "a@[192.0.2.1]",
        "a@localhost",
        "\"<script>\"@example.org",
        "\"a b\"@example.org",
    ] {
        assert!(!is_email(text), "{text:?}");
    }
}

#[test]
fn names_and_brackets_are_no_part_of_an_address() {
    for text in [
        "<alice@example.com>",
        "Alice <alice@example.com>",
        "\"Alice\" <alice@example.com>",
        "\"\" <alice@example.com>",
        "\t <alice@example.com>",
    ] {
        assert!(!is_email(text), "{text:?}");
    }
}

#[test]
fn control_characters_are_no_part_of_an_address() {
    for control in ('\0'..' ').chain(['\u{7f}']) {
        for text in [
            format!("al{control}ice@example.com"),
            format!("alice@exam{control}ple.com"),
            format!("al{control}ice@exam{control}ple.com"),
        ] {
            assert!(!is_email(&text), "{text:?}");
        }
    }
    for text in ["\0alice@example.com", "alice@example.com\0", "alice@example.com\0 "] {
        assert!(!is_email(text), "{text:?}");
    }
}

#[test]
fn only_ascii_is_understood() {
    for text in ["ål@example.com", "a@bücher.example", "a@example.рф", "a\u{200b}@example.com"]
    {
        assert!(!is_email(text), "{text:?}");
    }
}

#[test]
fn an_address_has_at_most_254_bytes_and_its_local_part_64() {
    let label = "d".repeat(61);
    let domain = [label.as_str(); 3].join(".");
    let of_length =
        |length: usize| format!("{}@{domain}.{}", "a".repeat(64), "x".repeat(length - 251));
    assert_eq!((domain.len(), of_length(254).len()), (185, 254));
    assert!(is_email(&of_length(254)));
    assert!(!is_email(&of_length(255)));
    assert!(is_email(&format!("   {}   ", of_length(254))), "spaces around it do not count");
    assert!(!is_email(&format!("{}@example.com", "a".repeat(65))));
    assert!(!is_email(&format!("a@{}.com", "d".repeat(64))));
}

#[test]
fn spaces_around_an_address_are_dropped_and_its_case_is_kept() {
    let email = Email::parse(" \t Alice.Smith@Example.COM\r\n").unwrap();
    assert_eq!(email.as_str(), "Alice.Smith@Example.COM");
    assert_eq!(email.key(), "alice.smith@example.com");
}

#[test]
fn an_address_that_a_job_carries_is_checked_like_one_of_a_request() {
    assert!(serde_json::from_str::<Email>(r#""alice""#).is_err());
    let email: Email = serde_json::from_str(r#""Alice@example.com""#).unwrap();
    assert_eq!(serde_json::to_string(&email).unwrap(), r#""Alice@example.com""#);
}

proptest! {
    #[test]
    fn whatever_is_valid_is_printable_ascii_of_a_bounded_length(text in "\\PC{0,20}@?\\PC{0,20}") {
        if let Ok(email) = Email::parse(&text) {
            prop_assert!(email.as_str().bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')));
            prop_assert!((3..=254).contains(&email.as_str().len()));
        }
    }

    #[test]
    fn a_valid_address_is_valid_again_as_it_was_kept(text in "[A-Z-a-z0-9.+\"@ \\[\\]<>]{0,24}") {
        if let Ok(email) = Email::parse(&text) {
            prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
            let other_case = Email::parse(&email.as_str().to_ascii_uppercase()).unwrap();
            prop_assert_eq!(other_case.key(), email.key());
        }
    }
}
