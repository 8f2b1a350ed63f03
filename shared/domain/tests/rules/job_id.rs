//! Job ids: derived, the same for ever, and never the same for two pairs of client and key.

use domain::{
    ClientId, ExpireGift, ExpireSubscription, GiftId, IdempotencyKey, InternalCommand, JobId,
    SubscriptionId, internal_job_id, job_id,
};
use proptest::prelude::proptest;
use proptest::{prop_assert, prop_assert_eq};
use samples::at;
use std::collections::HashSet;
use uuid::{Variant, Version};

fn id(client: i64, key: &str) -> JobId {
    job_id(ClientId::new(client), &IdempotencyKey::parse(key.as_bytes()).unwrap())
}

/// Computed by another program, once. A change here would make every client's retry a new command.
#[test]
fn the_id_of_a_job_never_changes() {
    assert_eq!(id(2, "order-1").to_string(), "43ab127d-dc27-8b3c-9965-1f4b14e6223e");
    assert_eq!(id(100, "order-1").to_string(), "969d799a-8e8b-85fa-9aa7-9e36707d0dd8");
}

#[test]
fn no_boundary_between_client_and_key_can_be_shifted() {
    assert_eq!(id(1, "23").to_string(), "f821b2d4-1304-8138-bc02-dd1bed4fe73b");
    assert_eq!(id(12, "3").to_string(), "25418031-f2f9-8cf2-a97f-2082d2b2b561");
    // All the ways to cut "1234567" in two.
    let cuts =
        [(1, "234567"), (12, "34567"), (123, "4567"), (1234, "567"), (12345, "67"), (123_456, "7")];
    let ids: HashSet<JobId> = cuts.into_iter().map(|(client, key)| id(client, key)).collect();
    assert_eq!(ids.len(), cuts.len());
    assert_ne!(id(-1, "2"), id(1, "-2"));
}

#[test]
fn the_same_key_of_another_client_is_another_job() {
    assert_ne!(id(100, "order-1"), id(101, "order-1"));
    assert_ne!(id(100, "order-1"), id(100, "order-2"));
    assert_ne!(id(100, "order-1"), id(100, "Order-1"));
}

fn internal_id(client: i64, command: impl Into<InternalCommand>) -> JobId {
    internal_job_id(ClientId::new(client), &command.into().key())
}

/// Computed by another program, once. A change here would do what is due a second time.
#[test]
fn the_id_of_an_internal_job_never_changes() {
    let end_date = at("2026-07-31T08:00:00.123456Z");
    let expire = ExpireSubscription { subscription_id: SubscriptionId::new(7), end_date };
    assert_eq!(internal_id(100, expire).to_string(), "f308ffd1-6f34-878f-b43b-7512b7e5a4c5");
    let expire = ExpireGift { gift_id: GiftId::new(9) };
    assert_eq!(
        internal_id(100, expire.clone()).to_string(),
        "ac60f90f-6c06-8b0f-8398-d739d8b4ee50"
    );
    assert_ne!(internal_id(100, expire.clone()), internal_id(101, expire));
}

/// A client may choose the key of an internal command, or one that looks like more than a key.
#[test]
fn no_key_of_a_client_gives_the_id_of_an_internal_job() {
    for key in ["expire:gift:9", "internal/1", "1100expire:gift:9", "/internal/1:100"] {
        let parsed = IdempotencyKey::parse(key.as_bytes()).unwrap();
        for client in [0, 1, 2, 100, 1100, i64::MAX, i64::MIN] {
            let internal = internal_job_id(ClientId::new(client), &parsed);
            assert_ne!(internal, id(client, key));
            assert_ne!(internal, internal_id(100, ExpireGift { gift_id: GiftId::new(7) }));
        }
    }
}

proptest! {
    /// No matter whose: the bytes of one are never those of the other.
    #[test]
    fn ids_of_clients_and_internal_ids_never_meet(
        one: i64, other: i64, key in "[!-~]{1,255}", other_key in "[!-~]{1,255}",
    ) {
        let internal = |client, key: &str| {
            internal_job_id(ClientId::new(client), &IdempotencyKey::parse(key.as_bytes()).unwrap())
        };
        prop_assert!(internal(one, &key) != id(other, &other_key));
        prop_assert!(internal(one, &key) != id(one, &key));
        prop_assert_eq!(internal(one, &key).get().get_version(), Some(Version::Custom));
    }

    #[test]
    fn a_job_id_is_a_uuid_of_version_8(client: i64, key in "[!-~]{1,255}") {
        let job = id(client, &key);
        prop_assert_eq!(job.get().get_version(), Some(Version::Custom));
        prop_assert_eq!(job.get().get_version_num(), 8);
        prop_assert_eq!(job.get().get_variant(), Variant::RFC4122);
        prop_assert_eq!(job, id(client, &key));
    }

    #[test]
    fn a_job_id_is_written_in_lower_case_with_hyphens(client: i64, key in "[!-~]{1,20}") {
        let text = id(client, &key).to_string();
        prop_assert_eq!(text.len(), 36);
        prop_assert!(text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-')));
    }
}
