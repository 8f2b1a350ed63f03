//! What an expiry leaves in the command log.

use super::sample::{count, lane};
use contract::view::{GiftView, SubscriptionView, timestamp};
use domain::{
    ClientId, ExpireGift, ExpireSubscription, IdempotencyKey, InternalCommand, LogEntry, Operation,
    Origin, internal_job_id, job_id,
};
use store::{command_log, reads};
use support::Database;
use support::rows::{self, OTHER};

async fn entry_of(database: &Database, client: ClientId, key: &str) -> LogEntry {
    let job = internal_job_id(client, &IdempotencyKey::parse(key.as_bytes()).unwrap());
    command_log::find_job(database.store(), client, job).await.unwrap().expect(key)
}

fn input(entry: &LogEntry) -> InternalCommand {
    serde_json::from_str(entry.input.as_deref().unwrap()).unwrap()
}

#[tokio::test]
async fn an_expired_subscription_leaves_one_entry_that_tells_it_all() {
    let database = Database::create().await;
    rows::other_client(&database).await;
    let ann = rows::user_of(&database, OTHER, "ann@a.org").await;
    let id = rows::subscription(&database, ann, "active", "-1 hour").await;
    lane(&database).pass_all().await;
    lane(&database).pass_all().await;

    assert_eq!(count(&database, "transactions").await, 1);
    let page = rows::newest(&database, OTHER, ann, 1).await.unwrap();
    let stored = &page.subscriptions[0];
    let key = format!("expire:subscription:{id}:{}", timestamp(stored.end_date));
    let entry = entry_of(&database, OTHER, &key).await;
    assert_eq!((entry.operation, entry.entity), (Operation::ExpireSubscription, Some(id.get())));
    assert_eq!((entry.origin, entry.user), (Origin::Internal, Some(ann)));
    let end_date = stored.end_date;
    assert_eq!(input(&entry), ExpireSubscription { subscription_id: id, end_date }.into());
    assert_eq!((entry.answer().unwrap().status, entry.attempts), (200, 1));
    assert_eq!(
        (entry.submitted_at, entry.answered.as_ref().unwrap().at),
        (stored.updated_at, stored.updated_at)
    );
    assert_eq!(entry.decided_at, stored.updated_at);
    let view = serde_json::to_string(&SubscriptionView::at(stored, page.now)).unwrap();
    assert_eq!(entry.answer().unwrap().body, view);
    assert!(view.contains(r#""status":"expired""#), "{view}");
    // A client cannot take the key: its own jobs have other ids.
    assert_ne!(entry.job, job_id(OTHER, &entry.key));
}

#[tokio::test]
async fn an_expired_gift_leaves_one_entry_that_tells_it_all() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let id = rows::gift(&database, ann, "bea@a.org", "-1 hour").await;
    lane(&database).pass_all().await;
    lane(&database).pass_all().await;

    assert_eq!(count(&database, "transactions").await, 1);
    let entry = entry_of(&database, ClientId::LOCAL, &format!("expire:gift:{id}")).await;
    assert_eq!((entry.operation, entry.entity), (Operation::ExpireGift, Some(id.get())));
    assert_eq!((entry.origin, entry.user), (Origin::Internal, Some(ann)));
    assert_eq!(input(&entry), ExpireGift { gift_id: id }.into());
    let (gift, now) = reads::gift(database.store(), ClientId::LOCAL, id).await.unwrap().unwrap();
    assert_eq!(gift.state.status().as_str(), "expired");
    assert_eq!(
        entry.answer().unwrap().body,
        serde_json::to_string(&GiftView::at(&gift, now)).unwrap()
    );
    assert!(entry.answered.as_ref().unwrap().at > gift.expires_at);
}
