//! Job ids: derived, the same for ever, and never the same for two pairs of client and key.

use domain::{ClientId, IdempotencyKey, JobId, job_id};
use proptest::prelude::proptest;
use proptest::{prop_assert, prop_assert_eq};
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

proptest! {
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
