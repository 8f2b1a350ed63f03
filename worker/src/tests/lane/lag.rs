//! The lag of what is due does not depend on what is done about it.

use super::sample::{due, lane};
use crate::schedule::finders::Finder;
use crate::schedule::lag::Lag;
use std::time::Duration;
use support::Database;
use tokio::time::sleep;

#[tokio::test]
async fn it_grows_while_every_sweep_fails_and_falls_when_they_succeed() {
    let database = Database::create().await;
    due(&database, 30).await;
    database
        .run("ALTER TABLE subscriptions ADD CONSTRAINT poison CHECK (status <> 'expired')")
        .await;
    lane(&database).pass_all().await;
    let (mut subscriptions, mut gifts) = (Lag::new(Finder::Subscriptions), Lag::new(Finder::Gifts));
    let first = subscriptions.look(database.store()).await;
    assert!(first >= Duration::from_secs(30), "{first:?}");
    assert_eq!(gifts.look(database.store()).await, Duration::ZERO);

    lane(&database).pass_all().await;
    assert!(subscriptions.look(database.store()).await > first);
    database.run("ALTER TABLE subscriptions DROP CONSTRAINT poison").await;
    lane(&database).pass_all().await;
    assert_eq!(subscriptions.look(database.store()).await, Duration::ZERO);
}

#[tokio::test]
async fn it_grows_while_postgres_cannot_be_asked() {
    let store = store::Database::new("postgres://postgres@127.0.0.1:1/none", 1).unwrap();
    let mut lag = Lag::new(Finder::Gifts);
    let first = lag.look(&store).await;
    sleep(Duration::from_millis(20)).await;
    assert!(lag.look(&store).await > first);
}
