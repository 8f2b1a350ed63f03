//! A signed payload is trusted as it is, and not when anything of it was changed.

use crate::sample::{job, job_key, other_request};
use domain::{ClientId, Command, Fingerprint, JobKeys, Untrusted};
use queue::{QueuedJob, authenticate};
use serde::Deserialize;
use std::time::Duration;

fn keys() -> JobKeys {
    JobKeys::new(vec![job_key("a1b2c3d4"), job_key("e5f6a7b8")]).unwrap()
}

fn signed() -> String {
    String::from_utf8(job("a").sign(&job_key("a1b2c3d4"))).unwrap()
}

/// What is made of a payload a minute, or two days, after the first key was made.
fn judged(payload: &str, minutes: u32) -> Result<(), Untrusted> {
    let read = QueuedJob::decode(payload.as_bytes()).unwrap();
    let now = job("a").submitted_at + minutes * Duration::from_mins(1);
    authenticate(&read, payload.as_bytes(), &keys(), now)
}

const LATE: u32 = 2 * 24 * 60;

#[test]
fn a_signed_payload_is_the_unsigned_one_with_two_more_members() {
    let unsigned = String::from_utf8(job("a").encode()).unwrap();
    let start = unsigned.strip_suffix('}').unwrap();
    let signature = signed().replacen(start, "", 1);
    let mac = signature.strip_prefix(r#","kid":"a1b2c3d4","mac":""#).unwrap();
    let mac = mac.strip_suffix(r#""}"#).unwrap();
    assert!(mac.len() == 64 && mac.bytes().all(|byte| byte.is_ascii_hexdigit()), "{mac}");
    assert_eq!(QueuedJob::decode(signed().as_bytes()).unwrap(), job("a"));
}

/// The payload of release 0.3.0, which does not know the two members.
#[derive(Deserialize)]
struct ReleaseBefore {
    v: u8,
    client: ClientId,
    key: String,
    fingerprint: String,
    submitted_us: i64,
    command: Command,
}

#[test]
fn the_release_before_reads_a_signed_payload_and_is_trusted_for_a_day() {
    let read: ReleaseBefore = serde_json::from_str(&signed()).unwrap();
    assert_eq!((read.v, read.client, read.key.as_str()), (1, job("a").client, "a"));
    assert_eq!(read.submitted_us, job("a").submitted_at.timestamp_micros());
    assert_eq!((read.fingerprint.len(), read.command), (64, job("a").command));

    let unsigned = String::from_utf8(job("a").encode()).unwrap();
    assert_eq!(judged(&unsigned, 24 * 60 - 1), Ok(()));
    assert_eq!(judged(&unsigned, 24 * 60), Err(Untrusted::Unsigned));
}

#[test]
fn what_was_changed_in_redis_is_not_trusted() {
    assert_eq!(judged(&signed(), LATE), Ok(()));
    let fingerprint = Fingerprint::of_request("POST", "/cancel", b"{}");
    assert_ne!(fingerprint, job("a").fingerprint);
    let mac_of_another = {
        let other = String::from_utf8(job("b").sign(&job_key("a1b2c3d4"))).unwrap();
        let (start, end) = (signed().len() - 66, other.len() - 66);
        signed()[..start].to_owned() + &other[end..]
    };
    for (changed, expected) in [
        (signed().replace(r#""client":2"#, r#""client":3"#), Untrusted::Forged),
        (signed().replace(r#""key":"a""#, r#""key":"b""#), Untrusted::Forged),
        (signed().replace(r#""user_id":7"#, r#""user_id":8"#), Untrusted::Forged),
        (signed().replace(r#""submitted_us":17"#, r#""submitted_us":18"#), Untrusted::Forged),
        (signed().replace(r#"{"v":1"#, r#"{ "v":1"#), Untrusted::Forged),
        (signed().replace(r#"{"v":1"#, r#"{"more":0,"v":1"#), Untrusted::Forged),
        (signed().replace("a1b2c3d4", "e5f6a7b8"), Untrusted::Forged),
        (signed().replace("a1b2c3d4", "00000000"), Untrusted::UnknownKey),
        (mac_of_another, Untrusted::Forged),
        (signed().replace(r#""mac":""#, r#""mac":"0"#), Untrusted::Forged),
        (signed().replace(r#""mac":""#, r#""mac":"zz"#), Untrusted::Forged),
        (signed()[..signed().len() - 66].to_owned() + r#""}"#, Untrusted::Forged),
        (signed().replace("mac", "mac2"), Untrusted::Unsigned),
        (signed() + " ", Untrusted::Unsigned),
        (String::from_utf8(other_request("a").encode()).unwrap(), Untrusted::Unsigned),
    ] {
        assert_ne!(changed, signed());
        assert_eq!(judged(&changed, LATE), Err(expected), "{changed}");
    }
}

#[test]
fn a_member_cannot_be_said_twice() {
    for (from, to) in [
        (r#","kid""#, r#","client":3,"kid""#),
        (r#","kid""#, r#","command":{"operation":"cancel","subscription_id":1},"kid""#),
    ] {
        let doubled = signed().replace(from, to);
        assert!(QueuedJob::decode(doubled.as_bytes()).is_err(), "{doubled}");
    }
}
