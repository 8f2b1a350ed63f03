//! Keys of jobs: which one signs, what a signature covers, and what is trusted.

use domain::{
    ClientId, IdempotencyKey, Instant, JobId, JobKey, JobKeyState, JobKeys, Signature,
    SignedContent, Untrusted, job_id,
};
use proptest::prelude::*;
use samples::at;

const MADE: &str = "2026-11-28T00:00:00Z";

fn key_of(kid: &str, secret: &[u8], made: &str, is_compromised: bool) -> JobKey {
    JobKey::new(kid.to_owned(), secret, at(made), is_compromised).unwrap()
}

fn key(kid: &str, made: &str) -> JobKey {
    key_of(kid, kid.as_bytes(), made, false)
}

fn compromised(kid: &str, made: &str) -> JobKey {
    key_of(kid, kid.as_bytes(), made, true)
}

fn keys(keys: &[JobKey]) -> JobKeys {
    JobKeys::new(keys.to_vec()).unwrap()
}

/// What a job of client 2 with the key `k` signs.
struct Content {
    client: ClientId,
    key: IdempotencyKey,
    job: JobId,
    payload: Vec<u8>,
}

impl Content {
    fn new(client: i64, key: &str, payload: &[u8]) -> Self {
        let (client, key) = (ClientId::new(client), IdempotencyKey::parse(key.as_bytes()).unwrap());
        let job = job_id(client, &key);
        Self { client, key, job, payload: payload.to_vec() }
    }

    fn signed(&self) -> SignedContent<'_> {
        let Self { client, key, job, payload } = self;
        SignedContent { client: *client, key, job: *job, payload }
    }

    fn mac(&self, key: &JobKey) -> Vec<u8> {
        key.sign(&self.signed()).to_vec()
    }

    fn judged(
        &self,
        keys: &JobKeys,
        signature: Option<(&str, Vec<u8>)>,
        now: Instant,
    ) -> Result<(), Untrusted> {
        let signature = signature.map(|(kid, mac)| Signature { kid, mac });
        keys.authenticate(&self.signed(), signature.as_ref(), now)
    }
}

/// Computed by another program, once. A change here would bury every job that waits.
#[test]
fn the_bytes_that_are_signed_never_change() {
    let secret: Vec<u8> = (0..32).collect();
    let mac = Content::new(2, "order-1", b"{}").mac(&key_of("a", &secret, MADE, false));
    let hex = mac.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(hex, "036b9bb9374d351f4763a38c6868853fc14dd5e216dcef7356fa26dd741ce51b");
}

#[test]
fn the_newest_key_that_every_process_has_read_signs() {
    let (a, b) = (key("a", MADE), key("b", "2026-11-28T10:00:00Z"));
    let c = compromised("c", "2026-11-28T11:00:00Z");
    for (known, now, signs) in [
        (vec![a.clone()], MADE, "a"),
        // Before its time, as a clock that was put back has it.
        (vec![a.clone()], "2026-11-27T23:59:59Z", "a"),
        (vec![a.clone()], "2027-11-28T00:00:00Z", "a"),
        (vec![b.clone(), a.clone()], "2026-11-28T10:01:59.999999Z", "a"),
        (vec![b.clone(), a.clone()], "2026-11-28T10:02:00Z", "b"),
        (vec![a.clone(), b.clone(), c.clone()], "2026-11-28T12:00:00Z", "b"),
        // All before it are compromised: the new one signs at once.
        (vec![compromised("a", MADE), b.clone()], "2026-11-28T10:00:00Z", "b"),
        // Both are new: the older one, which more processes have read.
        (vec![b.clone(), key("d", "2026-11-28T10:00:30Z")], "2026-11-28T10:01:00Z", "b"),
        // Made at one instant: all processes choose the same one.
        (vec![key("x", MADE), key("y", MADE)], "2026-11-28T01:00:00Z", "y"),
        (vec![key("y", MADE), key("x", MADE)], "2026-11-28T01:00:00Z", "y"),
    ] {
        assert_eq!(keys(&known).signing_at(at(now)).kid(), signs, "{known:?} at {now}");
    }
}

#[test]
fn without_a_key_that_is_not_compromised_there_are_no_keys() {
    assert!(JobKeys::new(Vec::new()).is_none());
    assert!(JobKeys::new(vec![compromised("a", MADE), compromised("b", MADE)]).is_none());
}

#[test]
fn each_key_has_a_state() {
    use JobKeyState::{Compromised, Signing, Verifying, Waiting};
    let known = keys(&[
        key("a", MADE),
        compromised("b", "2026-11-28T01:00:00Z"),
        key("c", "2026-11-28T02:00:00Z"),
        key("d", "2026-11-28T03:00:00Z"),
    ]);
    let states = |now| known.iter().map(|key| known.state_of(key, at(now))).collect::<Vec<_>>();
    assert_eq!(states("2026-11-28T03:01:00Z"), [Verifying, Compromised, Signing, Waiting]);
    assert_eq!(states("2026-11-28T03:02:00Z"), [Verifying, Compromised, Verifying, Signing]);
}

#[test]
fn what_is_trusted() {
    let (a, b) = (key("a", MADE), compromised("b", "2026-11-28T01:00:00Z"));
    let known = keys(&[a.clone(), b.clone()]);
    let content = Content::new(2, "k", b"{}");
    let (of_a, of_b) = (content.mac(&a), content.mac(&b));
    let cut = of_a[..31].to_vec();
    let late = "2030-01-01T00:00:00Z";
    for (signature, now, expected) in [
        (Some(("a", of_a.clone())), MADE, Ok(())),
        (Some(("a", of_a.clone())), late, Ok(())),
        (Some(("a", of_b.clone())), MADE, Err(Untrusted::Forged)),
        (Some(("a", cut)), MADE, Err(Untrusted::Forged)),
        (Some(("a", Vec::new())), MADE, Err(Untrusted::Forged)),
        (Some(("b", of_b)), MADE, Err(Untrusted::CompromisedKey)),
        (Some(("c", of_a.clone())), MADE, Err(Untrusted::UnknownKey)),
        (Some(("", of_a)), MADE, Err(Untrusted::UnknownKey)),
        (None, MADE, Ok(())),
        (None, "2026-11-28T23:59:59.999999Z", Ok(())),
        (None, "2026-11-29T00:00:00Z", Err(Untrusted::Unsigned)),
        (None, late, Err(Untrusted::Unsigned)),
    ] {
        assert_eq!(content.judged(&known, signature.clone(), at(now)), expected, "{signature:?}");
    }
}

#[test]
fn the_day_of_unsigned_jobs_is_that_of_the_first_key_whatever_became_of_it() {
    let content = Content::new(2, "k", b"{}");
    let known = keys(&[compromised("a", MADE), key("b", "2026-11-28T20:00:00Z")]);
    assert_eq!(content.judged(&known, None, at("2026-11-28T23:00:00Z")), Ok(()));
    let late = at("2026-11-29T00:00:00Z");
    assert_eq!(content.judged(&known, None, late), Err(Untrusted::Unsigned));
}

#[test]
fn a_signature_is_for_one_content() {
    let a = key("a", MADE);
    let known = keys(std::slice::from_ref(&a));
    let signed = Content::new(12, "34", b"{}").mac(&a);
    let other_job = Content { job: JobId::new(uuid::Uuid::nil()), ..Content::new(12, "34", b"{}") };
    for other in [
        Content::new(1, "234", b"{}"),
        Content::new(13, "34", b"{}"),
        Content::new(12, "35", b"{}"),
        Content::new(12, "34", b"{ }"),
        Content::new(12, "34", b""),
        other_job,
    ] {
        let judged = other.judged(&known, Some(("a", signed.clone())), at(MADE));
        assert_eq!(judged, Err(Untrusted::Forged));
    }
}

#[test]
fn a_key_does_not_show_its_secret() {
    let key = key_of("kid", b"secret", MADE, false);
    assert_eq!(format!("{key:?}"), "JobKey(kid)");
}

proptest! {
    /// Whatever is moved from one part to the next, or changed in one.
    #[test]
    fn other_contents_have_other_signatures(
        clients: [i64; 2],
        keys in prop::array::uniform2("[!-~]{1,20}"),
        payloads in prop::array::uniform2(prop::collection::vec(any::<u8>(), 0..20)),
    ) {
        let a = key("a", MADE);
        let one = Content::new(clients[0], &keys[0], &payloads[0]);
        let other = Content::new(clients[1], &keys[1], &payloads[1]);
        let are_equal = one.client == other.client && one.key == other.key
            && one.payload == other.payload;
        prop_assert_eq!(one.mac(&a) == other.mac(&a), are_equal);
    }
}
