//! Every command leaves one entry in the command log, refused or not, and is decided once.

use super::sample::{applied, attempt, batch, statuses};
use crate::apply::NumberedAttempt;
use crate::tests::attempts::admitted;
use domain::{ClientId, Command};
use store::command_log;
use support::Database;
use support::commands::{cancel, create_user, give, redeem, renew, subscribe, subscribe_to};
use support::rows::users;

const ROWS: &str = "SELECT count(*) FROM transactions";

fn again(attempts: &[NumberedAttempt]) -> Vec<NumberedAttempt> {
    attempts.iter().cloned().map(|attempt| NumberedAttempt { number: 2, ..attempt }).collect()
}

#[tokio::test]
async fn what_is_returned_is_what_is_stored() {
    let database = Database::create().await;
    let mut attempts =
        batch([create_user("ann@a.org"), subscribe(1), cancel(9), give(1, "b@a.org")]);
    attempts[1].number = 4;
    let entries = applied(&database, &attempts).await;

    for (attempt, entry) in attempts.iter().zip(&entries) {
        let id = attempt.job.id();
        let stored = command_log::find_job(database.store(), ClientId::LOCAL, id).await.unwrap();
        assert_eq!(stored.as_ref(), Some(entry));
        assert_eq!((entry.job, &entry.key), (id, &attempt.job.key));
        assert_eq!(entry.fingerprint, attempt.job.fingerprint);
        assert_eq!(entry.operation, attempt.job.command.operation());
        assert_eq!(entry.attempts, attempt.number);
        assert_eq!(entry.submitted_at, admitted());
        // One batch, one time.
        assert_eq!(entry.answered.as_ref().unwrap().at, entries[0].answered.as_ref().unwrap().at);
    }
}

#[tokio::test]
async fn every_refusal_is_logged_without_an_entity_and_changes_nothing() {
    let database = Database::create().await;
    users(&database, 3).await;
    let seeds = [subscribe(1), subscribe(2), cancel(2), give(1, "user2@a.org"), redeem(1, 2)];
    applied(&database, &batch(seeds)).await;
    applied(&database, &[attempt("late", give(1, "user2@a.org"))]).await;
    database.run("UPDATE gifts SET expires_at = now() WHERE id = 2").await;
    let state = "SELECT md5(concat(
                     (SELECT json_agg(t ORDER BY id) FROM users t),
                     (SELECT json_agg(t ORDER BY id) FROM subscriptions t),
                     (SELECT json_agg(t ORDER BY id) FROM gifts t),
                     (SELECT json_agg(t ORDER BY id) FROM grants t)))";
    let before: String = database.value(state).await;

    let table: [(&str, Command, u16); 14] = [
        ("email", create_user("USER1@a.org"), 409),
        ("subscribe/user", subscribe(99), 404),
        ("subscribe/plan", subscribe_to("gold", 3), 422),
        ("subscribe/active", subscribe(1), 409),
        ("renew/id", renew(99, 1), 404),
        ("renew/cancelled", renew(2, 1), 409),
        ("renew/long", renew(1, 120_000), 422),
        ("cancel/id", cancel(99), 404),
        ("cancel/cancelled", cancel(2), 409),
        ("gift/gifter", give(99, "user2@a.org"), 404),
        ("redeem/gift", redeem(99, 2), 404),
        ("redeem/user", redeem(1, 99), 404),
        ("redeem/recipient", redeem(1, 3), 403),
        ("redeem/redeemed", redeem(1, 2), 409),
    ];
    let mut attempts: Vec<_> =
        table.iter().map(|(key, command, _)| attempt(key, command.clone())).collect();
    attempts.push(attempt("redeem/expired", redeem(2, 2)));
    let entries = applied(&database, &attempts).await;

    let expected: Vec<u16> = table.iter().map(|row| row.2).chain([410]).collect();
    assert_eq!(statuses(&entries), expected);
    assert!(entries.iter().all(|entry| entry.entity.is_none()));
    assert_eq!(database.value::<String>(state).await, before);
    let refused = "SELECT count(*) FROM transactions WHERE entity_id IS NULL AND status >= 400";
    assert_eq!(database.value::<i64>(refused).await, 15);
}

#[tokio::test]
async fn a_command_that_was_decided_is_not_decided_again() {
    let database = Database::create().await;
    users(&database, 1).await;
    let attempts = batch([subscribe(1), renew(1, 2), renew(77, 1)]);
    let first = applied(&database, &attempts).await;
    // As after a crash between the commit and the publication, and among new commands.
    let mut mixed = again(&attempts);
    mixed.insert(1, attempt("new", renew(1, 4)));
    let mut second = applied(&database, &mixed).await;

    let new = second.remove(1);
    assert_eq!(second, first);
    assert_eq!((new.answer().unwrap().status, new.attempts), (200, 1));
    assert_eq!(database.value::<i64>(ROWS).await, 4);
    assert_eq!(database.value::<i32>("SELECT months FROM subscriptions").await, 7);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM grants").await, 3);
}

#[tokio::test]
async fn a_refusal_stands_when_its_cause_is_gone() {
    let database = Database::create().await;
    let refused = applied(&database, &[attempt("key", subscribe(1))]).await;
    users(&database, 1).await;
    let retried = applied(&database, &[attempt("key", subscribe(1))]).await;
    assert_eq!((statuses(&retried), &retried), (vec![404], &refused));
    assert_eq!(database.value::<i64>("SELECT count(*) FROM subscriptions").await, 0);
}

#[tokio::test]
async fn a_job_twice_in_one_batch_is_decided_once() {
    let database = Database::create().await;
    users(&database, 1).await;
    let twin = attempt("twin", subscribe(1));
    let entries = applied(&database, &[twin.clone(), attempt("other", renew(1, 1)), twin]).await;
    assert_eq!(statuses(&entries), [201, 200, 201]);
    assert_eq!(entries[0], entries[2]);
    assert_eq!(database.value::<i64>(ROWS).await, 2);
}

#[tokio::test]
async fn a_key_used_for_another_command_gives_what_it_was_used_for() {
    let database = Database::create().await;
    users(&database, 2).await;
    let first = applied(&database, &[attempt("key", subscribe(1))]).await;
    // Redis had forgotten the key. The api compares fingerprints; the worker decides nothing.
    let second = applied(&database, &[attempt("key", subscribe(2))]).await;
    assert_eq!(second, first);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM subscriptions").await, 1);
}

#[tokio::test]
async fn the_command_log_keeps_the_order_of_the_batch() {
    let database = Database::create().await;
    users(&database, 3).await;
    let attempts = batch([subscribe(3), subscribe(9), subscribe(1), subscribe(2)]);
    applied(&database, &attempts).await;
    let order = "SELECT string_agg(idempotency_key, ' ' ORDER BY position) FROM transactions";
    assert_eq!(database.value::<String>(order).await, "key0 key1 key2 key3");
}
