//! What this release does with subscriptions while release 0.2.0 runs beside it: between the two
//! migrations by client, whose triggers fill what that one does not know.

use crate::decided_batch::apply;
use crate::release_before::ReleaseBefore;
use domain::{Cancel, Command, Pause, Resume, Subscription, SubscriptionId, SubscriptionStatus};
use std::time::Duration;
use store::{Finish, Migrated, scan};
use support::Database;
use support::commands::{create_user, subscribe};
use tokio::time::sleep;

/// The only subscription of this release, which is as its own rules say.
async fn stored(database: &Database, id: i64) -> Subscription {
    let page = scan::subscriptions(database.store(), None, 100).await.unwrap();
    let stored = page.rows.into_iter().find(|stored| stored.id == id).unwrap();
    let subscription = stored.row.unwrap();
    assert_eq!(stored.due_at, subscription.due_at(), "{subscription:?}");
    subscription
}

/// Decides a command, which must succeed, and returns the status that is stored then.
async fn status(database: &Database, key: &str, id: i64, command: Command) -> SubscriptionStatus {
    let entry = apply(database, &[(key, command)]).await.unwrap().remove(0);
    assert_eq!(entry.answer().unwrap().status, 200, "{key}: {}", entry.answer().unwrap().body);
    stored(database, id).await.state.status()
}

#[tokio::test]
async fn a_subscription_is_paused_and_resumed_and_the_release_before_leaves_it_alone() {
    let database = Database::empty().await;
    let release = ReleaseBefore::start(&database).await;
    let migrated = database.store().migrate(Finish::WhenAlone).await.unwrap();
    assert!(matches!(migrated, Migrated::Waits(_)), "{migrated:?}");
    let ann = apply(&database, &[("ann", create_user("ann@a.org"))]).await.unwrap()[0].entity;
    let bought = apply(&database, &[("bought", subscribe(ann.unwrap()))]).await.unwrap();
    let id = bought[0].entity.unwrap();
    let subscription_id = SubscriptionId::new(id);
    let pause = || Command::Pause(Pause { subscription_id, resume_at: None });
    let resume = || Command::Resume(Resume { subscription_id });

    assert_eq!(status(&database, "pause", id, pause()).await, SubscriptionStatus::Paused);
    let paused = stored(&database, id).await;
    release.batch("beside", None).await.unwrap();
    release.sweep().await.unwrap();
    assert_eq!(stored(&database, id).await, paused);
    assert_eq!(status(&database, "resume", id, resume()).await, SubscriptionStatus::Active);
    let cancel = Command::Cancel(Cancel { subscription_id, at_period_end: true });
    assert_eq!(status(&database, "cancel", id, cancel).await, SubscriptionStatus::Active);
    let cancelling = stored(&database, id).await;

    release.stop().await;
    while database.store().migrate(Finish::WhenAlone).await.unwrap() != Migrated::Finished {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stored(&database, id).await, cancelling);
}

#[tokio::test]
async fn one_that_is_paused_when_the_release_before_ends_goes_on() {
    let database = Database::empty().await;
    let release = ReleaseBefore::start(&database).await;
    database.store().migrate(Finish::WhenAlone).await.unwrap();
    let ann = apply(&database, &[("ann", create_user("ann@a.org"))]).await.unwrap()[0].entity;
    let bought = apply(&database, &[("bought", subscribe(ann.unwrap()))]).await.unwrap();
    let id = bought[0].entity.unwrap();
    let subscription_id = SubscriptionId::new(id);
    let pause = Command::Pause(Pause { subscription_id, resume_at: None });
    assert_eq!(status(&database, "pause", id, pause).await, SubscriptionStatus::Paused);
    release.stop().await;
    while database.store().migrate(Finish::WhenAlone).await.unwrap() != Migrated::Finished {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(stored(&database, id).await.state.status(), SubscriptionStatus::Paused);
    let resume = Command::Resume(Resume { subscription_id });
    assert_eq!(status(&database, "resume", id, resume).await, SubscriptionStatus::Active);
}
