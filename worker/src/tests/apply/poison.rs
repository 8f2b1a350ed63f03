//! A command that Postgres refuses takes its batch with it, and nothing but its batch.

use super::sample::{applied, apply, attempt, batch};
use crate::apply::NumberedAttempt;
use crate::fault::{Fault, Recovery};
use store::StoreError;
use support::Database;
use support::commands::{create_user, give, redeem, subscribe, subscribe_to};
use support::rows::users;

/// Everything that commands write.
const STATE: &str = "SELECT concat_ws(' ',
    (SELECT count(*) FROM users), (SELECT count(*) FROM subscriptions),
    (SELECT count(*) FROM gifts), (SELECT count(*) FROM grants),
    (SELECT count(*) FROM transactions))";

/// A database in which nobody can subscribe by the year.
async fn without_yearly() -> Database {
    let database = Database::create().await;
    users(&database, 3).await;
    database.run("ALTER TABLE subscriptions ADD CONSTRAINT poison CHECK (plan <> 'yearly')").await;
    database
}

fn poisoned() -> Vec<NumberedAttempt> {
    batch([
        create_user("new@a.org"),
        subscribe(1),
        give(1, "user2@a.org"),
        subscribe_to("yearly", 2),
        subscribe(77),
        redeem(1, 2),
        subscribe(3),
    ])
}

#[tokio::test]
async fn a_batch_with_a_poisonous_command_is_refused_as_a_whole() {
    let database = without_yearly().await;
    let error = apply(database.store(), &poisoned()).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert_eq!(error.public_cause(), "the database refused it (23514)");
    assert_eq!(Fault::from(error).recovery(), Recovery::Split);
    assert_eq!(database.value::<String>(STATE).await, "3 0 0 0 0");
}

#[tokio::test]
async fn its_neighbours_pass_when_each_is_applied_alone() {
    let database = without_yearly().await;
    let mut outcomes = Vec::new();
    for attempt in poisoned() {
        outcomes.push(apply(database.store(), &[attempt]).await.ok());
    }
    let statuses: Vec<_> = outcomes
        .into_iter()
        .map(|entries| entries.map(|e| e[0].answer().unwrap().status))
        .collect();
    let expected = [Some(201), Some(201), Some(201), None, Some(404), Some(200), Some(201)];
    assert_eq!(statuses, expected);
    assert_eq!(database.value::<String>(STATE).await, "4 3 1 3 6");
}

#[tokio::test]
async fn it_passes_with_the_same_job_once_its_cause_is_gone() {
    let database = without_yearly().await;
    let attempt = attempt("poison", subscribe_to("yearly", 2));
    apply(database.store(), std::slice::from_ref(&attempt)).await.unwrap_err();
    database.run("ALTER TABLE subscriptions DROP CONSTRAINT poison").await;

    let retried = NumberedAttempt { number: 2, ..attempt };
    let entries = applied(&database, &[retried]).await;
    assert_eq!((entries[0].answer().unwrap().status, entries[0].attempts), (201, 2));
    assert_eq!(database.value::<String>(STATE).await, "3 1 0 1 1");
}

#[tokio::test]
async fn a_row_that_makes_no_sense_fails_what_touches_it() {
    let database = Database::create().await;
    users(&database, 2).await;
    database.run("UPDATE users SET email = 'no address' WHERE id = 1").await;
    let error = apply(database.store(), &batch([subscribe(2), subscribe(1)])).await;
    let fault = Fault::from(error.unwrap_err());
    assert_eq!(fault.recovery(), Recovery::Split);
    assert_eq!(fault.public_cause(), "row 1 of users has an unknown email");
    assert_eq!(database.value::<String>(STATE).await, "2 0 0 0 0");
    applied(&database, &batch([subscribe(2)])).await;
}
