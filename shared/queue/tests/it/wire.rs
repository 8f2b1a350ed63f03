//! What is written is what is read, and what cannot be read does no harm.

use crate::sample::job;
use proptest::prelude::*;
use shared::domain::{Answer, Fingerprint, JobId};
use shared::queue::announcement::{Origin, Outcome, decode, encode};
use shared::queue::job::QueuedJob;
use uuid::Uuid;

fn outcome() -> impl Strategy<Value = Outcome> {
    let origin = prop_oneof![Just(Origin::Decided), Just(Origin::Ledger), Just(Origin::GaveUp)];
    (any::<u128>(), any::<[u8; 32]>(), origin, any::<u16>(), ".{0,300}").prop_map(
        |(job, fingerprint, origin, status, body)| Outcome {
            job: JobId(Uuid::from_u128(job)),
            fingerprint: Fingerprint::from_bytes(&fingerprint).unwrap(),
            origin,
            answer: Answer { status, body },
        },
    )
}

proptest! {
    #[test]
    fn announcements_arrive_as_they_were_sent(sent in prop::collection::vec(outcome(), 0..20)) {
        prop_assert_eq!(decode(&encode(&sent)), sent);
    }

    #[test]
    fn an_announcement_cut_short_tells_what_came_before_the_cut(
        sent in prop::collection::vec(outcome(), 1..5), cut in 1_usize..50,
    ) {
        let message = encode(&sent);
        let arrived = decode(&message[..message.len().saturating_sub(cut)]);
        prop_assert!(arrived.len() < sent.len());
        prop_assert_eq!(&arrived[..], &sent[..arrived.len()]);
    }

    #[test]
    fn noise_is_no_announcement_and_no_job(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&noise);
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
