//! No job is decided twice, and each leaves one entry in the command log.

use super::sample::{
    ALICE, BOB, CANCEL, attempt, attempts, batch, decided, held, renew, statuses, written,
};
use crate::apply::NumberedAttempt;
use crate::tests::attempts::admitted;
use domain::SubscriptionStatus::Active;
use domain::{Answer, Answered, Changes, Entity, LogEntry, Operation, Origin, Success};
use samples::{SHOP, at, now};
use std::collections::HashMap;
use support::commands::{create_user, give, redeem, subscribe};

/// The entry of a job that was decided long ago.
fn old_entry(attempt: &NumberedAttempt) -> LogEntry {
    LogEntry {
        job: attempt.job.id(),
        client: SHOP,
        origin: Origin::Client,
        key: attempt.job.key.clone(),
        fingerprint: attempt.job.fingerprint,
        operation: attempt.job.command.operation(),
        input: None,
        user: None,
        entity: Some(777),
        answered: Some(Answered {
            answer: Answer { status: 201, body: r#"{"as":"it was"}"#.to_owned() },
            at: at("2026-01-01T00:00:01Z"),
        }),
        attempts: 4,
        submitted_at: at("2026-01-01T00:00:00Z"),
        decided_at: at("2026-01-01T00:00:01Z"),
    }
}

#[test]
fn a_job_that_the_command_log_knows_is_answered_as_then_and_changes_nothing() {
    let attempts = attempts([renew(1), subscribe(BOB)]);
    let known: HashMap<_, _> = attempts.iter().map(|a| (a.job.id(), old_entry(a))).collect();
    let decided = decided(&attempts, known);
    assert_eq!(decided.entries, attempts.iter().map(old_entry).collect::<Vec<_>>());
    assert_eq!((decided.new_entries, decided.changes), (Vec::new(), Changes::default()));
}

#[test]
fn what_is_known_stands_among_what_is_new_in_the_order_of_the_batch() {
    let attempts = attempts([renew(1), renew(2), renew(3)]);
    let known = HashMap::from([(attempts[1].job.id(), old_entry(&attempts[1]))]);
    let decided = decided(&attempts, known);
    let jobs: Vec<_> = decided.entries.iter().map(|entry| entry.job).collect();
    assert_eq!(jobs, attempts.iter().map(|attempt| attempt.job.id()).collect::<Vec<_>>());
    assert_eq!(decided.entries[1], old_entry(&attempts[1]));
    assert_eq!(decided.new_entries, [decided.entries[0].clone(), decided.entries[2].clone()]);
    assert_eq!(written(&decided.changes), [(10, Active, 1 + 1 + 3)]);
}

#[test]
fn a_job_twice_in_a_batch_is_decided_once() {
    for command in [subscribe(BOB), renew(1), CANCEL, redeem(20, ALICE)] {
        let twin = NumberedAttempt { number: 2, ..attempt("twin", command.clone()) };
        let decided = decided(&[attempt("twin", command.clone()), twin], HashMap::new());
        assert_eq!(decided.new_entries.len(), 1, "{command:?}");
        assert_eq!(
            decided.entries,
            [decided.new_entries[0].clone(), decided.new_entries[0].clone()]
        );
        assert!(
            decided.new_entries[0].answer().unwrap().is_success()
                && decided.new_entries[0].attempts == 1
        );
        assert!(decided.changes.grants.len() <= 1);
    }
}

/// Redis forgot the key in between. The api compares the fingerprints, and answers 422.
#[test]
fn a_key_used_for_two_requests_in_a_batch_stands_for_the_first() {
    let attempts = [attempt("key", renew(1)), attempt("key", CANCEL)];
    let decided = decided(&attempts, HashMap::new());
    assert_eq!(statuses(&decided), [200, 200]);
    let fingerprint = attempts[0].job.fingerprint;
    assert!(decided.entries.iter().all(|entry| entry.fingerprint == fingerprint));
    assert_eq!(written(&decided.changes), [(10, Active, 2)]);
}

#[test]
fn an_entry_says_what_was_asked_and_what_came_of_it() {
    let attempt = NumberedAttempt { number: 3, ..attempt("order-1", CANCEL) };
    let entry = decided(std::slice::from_ref(&attempt), HashMap::new()).new_entries.remove(0);
    let cancelled = Success::Changed(Entity::Subscription(held().cancelled(now())));
    let answer = contract::answer(attempt.job.id(), &Ok(cancelled), now());
    let expected = LogEntry {
        job: attempt.job.id(),
        client: SHOP,
        origin: Origin::Client,
        key: attempt.job.key.clone(),
        fingerprint: attempt.job.fingerprint,
        operation: Operation::Cancel,
        input: None,
        user: Some(samples::ALICE),
        entity: Some(10),
        answered: Some(Answered { answer, at: now() }),
        attempts: 3,
        submitted_at: admitted(),
        decided_at: now(),
    };
    assert_eq!(entry, expected);
}

#[test]
fn an_entry_names_what_was_made_or_changed() {
    let carol = "carol@example.com";
    let (create, give) = (create_user(carol), give(BOB, carol));
    let decided = batch([create, subscribe(BOB), renew(1), give, redeem(20, ALICE), CANCEL]);
    let named = decided.entries.iter().map(|entry| (entry.operation.as_str(), entry.entity));
    let expected = [
        ("create_user", Some(1000)),
        ("subscribe", Some(2000)),
        ("renew", Some(10)),
        ("gift", Some(3000)),
        ("redeem", Some(20)),
        ("cancel", Some(10)),
    ];
    assert_eq!(named.collect::<Vec<_>>(), expected);
}

#[test]
fn a_refusal_has_an_entry_too_but_no_entity_and_changes_nothing() {
    let decided = batch([subscribe(ALICE), redeem(20, BOB), redeem(99, ALICE)]);
    assert_eq!(statuses(&decided), [409, 403, 404]);
    assert_eq!(decided.new_entries, decided.entries);
    assert!(decided.entries.iter().all(|entry| entry.entity.is_none()));
    assert_eq!(decided.changes, Changes::default());
}

#[test]
fn an_empty_batch_comes_to_nothing() {
    let decided = batch([]);
    assert!(decided.entries.is_empty() && decided.new_entries.is_empty());
    assert_eq!(decided.changes, Changes::default());
}
