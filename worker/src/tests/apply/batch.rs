//! The commands of a batch are decided in turn, each seeing what those before it did.

use super::sample::{applied, batch, member, statuses};
use crate::tests::attempts::attempt_of;
use contract::view::SubscriptionView;
use domain::{ClientId, UserId};
use support::Database;
use support::commands::{cancel, create_user, give, redeem, renew, subscribe};
use support::rows::{newest, users};

#[tokio::test]
async fn commands_of_one_user_follow_each_other() {
    let database = Database::create().await;
    users(&database, 1).await;
    let entries = applied(
        &database,
        &batch([
            subscribe(1),
            subscribe(1),
            renew(1, 2),
            cancel(1),
            renew(1, 1),
            cancel(1),
            subscribe(1),
        ]),
    )
    .await;

    assert_eq!(statuses(&entries), [201, 409, 200, 200, 409, 409, 201]);
    assert_eq!(member(&entries[1], "subscription_id"), "1");
    assert_eq!(member(&entries[4], "current_status"), "cancelled");
    let rows = "SELECT string_agg(concat_ws(' ', status, months), ', ' ORDER BY id)
                FROM subscriptions";
    assert_eq!(database.value::<String>(rows).await, "cancelled 3, active 1");
    let grants = "SELECT string_agg(concat_ws(' ', source, months), ', ' ORDER BY id) FROM grants";
    assert_eq!(database.value::<String>(grants).await, "purchase 1, renewal 2, purchase 1");
}

#[tokio::test]
async fn what_a_batch_makes_can_be_used_in_it() {
    let database = Database::create().await;
    let commands = [
        create_user("ann@a.org"),
        create_user("Ann@A.org"),
        create_user("bea@a.org"),
        give(1, "BEA@a.org"),
        redeem(1, 1),
        redeem(1, 3),
        redeem(1, 3),
        subscribe(3),
    ];
    let entries = applied(&database, &batch(commands)).await;

    // Of the three ids for users the second is lost to the refusal.
    assert_eq!(statuses(&entries), [201, 409, 201, 201, 403, 200, 409, 409]);
    assert_eq!(member(&entries[1], "code"), "email_taken");
    assert_eq!(member(&entries[6], "code"), "gift_already_redeemed");
    assert_eq!(member(&entries[7], "code"), "already_subscribed");
    let redeemed = "SELECT count(*) FROM gifts JOIN grants ON gift_id = gifts.id
                    WHERE recipient_id = 3 AND status = 'redeemed' AND grants.months = 3";
    assert_eq!(database.value::<i64>(redeemed).await, 1);
}

#[tokio::test]
async fn a_lapsed_subscription_makes_way_without_a_sweep() {
    let database = Database::create().await;
    users(&database, 1).await;
    applied(&database, &batch([subscribe(1)])).await;
    database
        .run("UPDATE subscriptions SET start_date = '2020-01-01', end_date = '2021-01-01'")
        .await;

    let entries = applied(
        &database,
        &["renew", "subscribe", "again"].map(|key| {
            let command = if key == "renew" { renew(1, 1) } else { subscribe(1) };
            attempt_of(ClientId::LOCAL, key, command)
        }),
    )
    .await;

    assert_eq!(statuses(&entries), [409, 201, 409]);
    assert_eq!(member(&entries[0], "current_status"), "expired");
    let rows = "SELECT string_agg(status, ', ' ORDER BY id) FROM subscriptions";
    assert_eq!(database.value::<String>(rows).await, "expired, active");
}

#[tokio::test]
async fn an_answer_is_what_a_read_shows_afterwards() {
    let database = Database::create().await;
    users(&database, 1).await;
    let entries = applied(&database, &batch([subscribe(1), renew(1, 5)])).await;
    let page = newest(&database, ClientId::LOCAL, UserId::new(1), 1).await.unwrap();
    let read = SubscriptionView::at(&page.subscriptions[0], page.now);
    assert_eq!(entries[1].answer().unwrap().body, serde_json::to_string(&read).unwrap());
    assert_eq!(page.subscriptions[0].updated_at, entries[1].answered.as_ref().unwrap().at);
}

#[tokio::test]
async fn clients_of_one_batch_are_kept_apart() {
    let database = Database::create().await;
    users(&database, 2).await;
    database.run("INSERT INTO clients (id, name) VALUES (100, 'other')").await;
    applied(&database, &batch([subscribe(1), give(1, "user2@a.org")])).await;
    let other = |key, command| attempt_of(ClientId::new(100), key, command);
    let entries = applied(
        &database,
        &[
            // Keys that the local client has used: other jobs.
            other("key0", subscribe(2)),
            other("key1", renew(1, 1)),
            other("cancel", cancel(1)),
            other("give", give(1, "user2@a.org")),
            other("redeem", redeem(1, 2)),
            other("create", create_user("user1@a.org")),
            attempt_of(ClientId::LOCAL, "taken", create_user("user1@a.org")),
        ],
    )
    .await;
    assert_eq!(statuses(&entries), [404, 404, 404, 404, 404, 201, 409]);
    assert_eq!(member(&entries[3], "code"), "gifter_not_found");
}

#[tokio::test]
async fn a_full_batch_takes_one_statement_a_table() {
    let database = Database::create().await;
    users(&database, 256).await;
    let entries = applied(&database, &batch((1..=256).map(subscribe))).await;
    assert_eq!(statuses(&entries), [201; 256]);
    // One command of one transaction wrote them all, at one time.
    let written = "SELECT count(DISTINCT (xmin::text, cmin::text, start_date)) FROM subscriptions";
    assert_eq!(database.value::<i64>(written).await, 1);
    let ordered = "SELECT count(*) FROM subscriptions WHERE id = user_id";
    assert_eq!(database.value::<i64>(ordered).await, 256);
}

#[tokio::test]
async fn no_commands_are_no_change() {
    let database = Database::create().await;
    assert!(applied(&database, &[]).await.is_empty());
}
