//! Workers that die on the way: another one goes on from there, and nothing is done twice.

use super::same_rows::dump;
use super::sample::{Shop, at, lead, take_over};
use crate::fault::Fault;
use domain::Pause;
use rand::random_range;
use std::time::Duration;
use store::StoreError;
use support::Database;
use tokio::time::timeout;

const STANDS: &str = "2026-01-31T08:00:00Z";
const ENDS: &str = "2028-01-31T08:00:00Z";

async fn fill(shop: &Shop<'_>) {
    for (n, auto_renew) in [true, false, true, true].into_iter().enumerate() {
        let subscription_id = shop.subscriber(&format!("user{n}"), auto_renew).await;
        if n == 3 {
            let resume_at = Some(at("2026-11-11T11:11:11Z"));
            shop.send(Pause { subscription_id, resume_at }).await;
        }
    }
}

#[tokio::test]
async fn it_does_not_matter_how_often_it_is_killed() {
    let database = Database::create().await;
    let (whole, killed) = (
        Shop::open(&database, "whole", STANDS).await,
        Shop::open(&database, "killed", STANDS).await,
    );
    fill(&whole).await;
    fill(&killed).await;
    let expected = whole.advance(at(ENDS)).await;

    let (mut effect, mut claim) = killed.begin(at(ENDS)).await;
    let job = effect.job;
    let mut kills = 0;
    loop {
        let limit = Duration::from_micros(random_range(500..60_000));
        // What is dropped here may be in the middle of a transaction.
        let _ = timeout(limit, lead(database.store(), &effect, claim)).await;
        let Some(taken) = take_over(&database).await else { break };
        (effect, claim) = taken;
        kills += 1;
    }
    assert!(kills > 0, "it was done before it could be killed");
    let entry = store::command_log::find_job(database.store(), killed.client, job).await.unwrap();
    assert_eq!(entry.unwrap().answered.unwrap().answer.body, expected);
    assert_eq!(dump(&killed).await, dump(&whole).await);
}

#[tokio::test]
async fn who_was_taken_over_does_nothing_any_more() {
    let database = Database::create().await;
    let shop = Shop::open(&database, "demo", STANDS).await;
    shop.subscriber("ann", true).await;
    let (effect, lost) = shop.begin(at(ENDS)).await;
    let (again, claim) = take_over(&database).await.unwrap();
    assert_eq!(again, effect);
    let found = lead(database.store(), &effect, lost).await;
    assert!(matches!(found, Err(Fault::Store(StoreError::ClaimLost))), "{found:?}");
    assert_eq!(shop.now().await, at(STANDS));
    assert!(lead(database.store(), &again, claim).await.unwrap().is_some());
    // When all is done there is nothing left to do for anybody.
    assert_eq!(lead(database.store(), &effect, lost).await.unwrap(), None);
    assert_eq!(shop.count("transactions", "operation = 'renew_subscription'").await, 24);
}
