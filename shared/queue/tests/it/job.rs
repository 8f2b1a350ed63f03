//! A job is read as it was written, and what cannot be read does no harm.

use crate::sample::job;
use proptest::prelude::*;
use queue::QueuedJob;

proptest! {
    #[test]
    fn noise_is_no_job(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(QueuedJob::decode(&noise).is_err());
    }
}

#[test]
fn a_job_is_stored_in_this_form() {
    let stored = String::from_utf8(job("a").encode()).unwrap();
    let expected = concat!(
        r#"{"v":1,"client":2,"key":"a","fingerprint":"FP","submitted_us":1700000000000001,"#,
        r#""command":{"operation":"subscribe","user_id":7,"plan":"monthly","duration_months":3}}"#
    );
    let hex = stored.split('"').nth(11).unwrap().to_owned();
    assert_eq!(hex.len(), 64);
    assert_eq!(stored.replace(&hex, "FP"), expected);
    assert_eq!(QueuedJob::decode(stored.as_bytes()).unwrap(), job("a"));
}

#[test]
fn a_job_of_another_version_or_with_a_broken_field_is_unreadable() {
    let stored = String::from_utf8(job("a").encode()).unwrap();
    for (from, to) in [
        (r#""v":1"#, r#""v":2"#),
        (r#""key":"a""#, r#""key":"""#),
        (r#""fingerprint":""#, r#""fingerprint":"zz"#),
        (r#""subscribe""#, r#""unsubscribe""#),
        (r#""submitted_us":1700000000000001"#, r#""submitted_us":9223372036854775807"#),
    ] {
        let broken = stored.replacen(from, to, 1);
        assert_ne!(broken, stored);
        assert!(QueuedJob::decode(broken.as_bytes()).is_err(), "{broken}");
    }
}
