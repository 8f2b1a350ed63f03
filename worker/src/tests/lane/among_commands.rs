//! The lane beside the commands of clients: it waits for nobody, and lets them go first.

use super::sample::{check_all_marked, count, due, intake, lane, lane_beside};
use crate::tests::apply::sample::{applied, attempt, batch};
use domain::{ClientId, GiftId, Needs, UserId};
use std::time::Duration;
use store::Batch;
use support::commands::{renew, subscribe};
use support::{Database, rows};
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn what_others_have_locked_is_left_for_the_next_pass() {
    let database = Database::create().await;
    due(&database, 3).await;
    let held = Needs {
        users: [(ClientId::LOCAL, UserId::new(2))].into(),
        gifts: [(ClientId::LOCAL, GiftId::new(2))].into(),
        ..Needs::default()
    };
    let (holder, ..) = Batch::begin(database.store(), &held, &[]).await.unwrap();

    let mut lane = lane(&database);
    let again = timeout(SOON, lane.pass_all()).await.expect("it waits for a lock");
    assert_eq!(again, Some(Duration::from_secs(1)));
    assert_eq!(count(&database, "subscriptions WHERE status = 'expired'").await, 2);
    assert_eq!(count(&database, "gifts WHERE status = 'expired'").await, 2);
    drop(holder);
    database.until("SELECT count(*) = 0 FROM pg_stat_activity WHERE state LIKE 'idle in t%'").await;
    assert_eq!(lane.pass_all().await, None);
    check_all_marked(&database, 3).await;
}

#[tokio::test]
async fn what_a_command_prolonged_is_not_marked() {
    let database = Database::create().await;
    rows::users(&database, 1).await;
    applied(&database, &batch([subscribe(1)])).await;
    let stale = "UPDATE subscriptions SET due_at = now() - interval '1 hour'";
    database.run(stale).await;
    let renewal = attempt("renewal", renew(1, 1));
    applied(&database, &[renewal]).await;
    assert_eq!(lane(&database).pass_all().await, None);
    assert_eq!(count(&database, "subscriptions WHERE due_at = end_date").await, 1);
}

#[tokio::test]
async fn a_command_may_find_it_marked_or_not() {
    let database = Database::create().await;
    due(&database, 2).await;
    let first = applied(&database, &batch([subscribe(1)])).await;
    lane(&database).pass_all().await;
    let second = batch([subscribe(2)]).remove(0);
    let job = attempt("another", second.job.command.clone());
    let second = applied(&database, &[job]).await;
    assert_eq!((first[0].answer().unwrap().status, second[0].answer().unwrap().status), (201, 201));
    assert_eq!(count(&database, "subscriptions WHERE status = 'active'").await, 2);
    assert_eq!(count(&database, "subscriptions WHERE status = 'expired'").await, 2);
}

#[tokio::test]
async fn clients_go_first_but_not_for_ever() {
    let database = Database::create().await;
    due(&database, 1).await;
    let (intake, mut queued) = intake();
    let waiting = batch([subscribe(1)]).remove(0);
    let hand_in = {
        let intake = intake.clone();
        let job = std::sync::Arc::unwrap_or_clone(waiting.job);
        tokio::spawn(async move { intake.hand_in(job, "w".into()).await })
    };
    while !intake.has_waiting() {
        tokio::task::yield_now().await;
    }
    let began = Instant::now();
    lane_beside(&database, intake.clone()).pass_all().await;
    // A second for each of its two batches.
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    check_all_marked(&database, 1).await;
    drop(queued.recv().await);
    assert_eq!(hand_in.await.unwrap(), None);
    assert!(!intake.has_waiting());
}
