//! What was due, and what was not: internal commands in the command log.

use crate::books::Books;
use chrono::TimeDelta;
use domain::{
    Change, ClientId, ExpireGift, ExpireSubscription, Gift, GiftId, Grant, Instant, JobId, Origin,
    Subscription, SubscriptionId, SubscriptionState,
};
use faults::checker::{LogRow, Rule};
use serde_json::json;

const SUBSCRIPTION: SubscriptionId = SubscriptionId::new(2);
const GIFT: GiftId = GiftId::new(3);

/// Makes a subscription and a gift, and moves both to the end of their time.
fn aged() -> (Books, Instant) {
    let mut books = Books::empty();
    books.command("ann", "/users", json!({"email": "ann@example.com"}));
    books.command("sub", "/subscribe", json!({"plan": "monthly", "user_id": 1}));
    let gift = json!({"gifter_id": 1, "recipient_email": "ann@example.com"});
    books.command("gift", "/gift", gift);
    let end = books.now() + TimeDelta::milliseconds(2);
    let subscription = books.rows.subscriptions.first().unwrap().clone();
    let start = subscription.start_date - (subscription.end_date - end);
    let note = |start: Instant| {
        json!({"start_us": start.timestamp_micros(), "end_us": end.timestamp_micros()}).to_string()
    };
    let grant = books.rows.grants.first().unwrap().clone();
    let slice = grant.slice.map(|slice| slice.moved(start - subscription.start_date));
    let moved = Subscription { start_date: start, anchor: start, end_date: end, ..subscription };
    let moved = [Change::Subscription(moved), Change::Grant(Grant { slice, ..grant })];
    books.nemesis("faults_age_subscription", SUBSCRIPTION.get(), moved, note(start));
    let gift = Gift { expires_at: end, ..books.rows.gifts.first().unwrap().clone() };
    let note = note(gift.created_at);
    books.nemesis("faults_age_gift", GIFT.get(), [Change::Gift(gift)], note);
    (books, end)
}

const fn expire(end_date: Instant) -> ExpireSubscription {
    ExpireSubscription { subscription_id: SUBSCRIPTION, end_date }
}

/// Both have expired.
fn expired() -> Books {
    let (mut books, end) = aged();
    books.internal(expire(end));
    books.internal(ExpireGift { gift_id: GIFT });
    books
}

fn row(books: &mut Books) -> &mut LogRow {
    books.rows.log.iter_mut().find(|row| row.operation == "expire_subscription").unwrap()
}

#[test]
fn time_and_what_is_due_are_replayed_like_commands() {
    let (books, _) = aged();
    assert_eq!(books.broken(), []);
    assert_eq!(expired().broken(), []);
}

/// Postgres keeps inputs as values: the order of their members is its own.
#[test]
fn the_order_of_the_members_of_an_input_does_not_matter() {
    let mut books = expired();
    let input: serde_json::Value =
        serde_json::from_str(row(&mut books).input.as_ref().unwrap()).unwrap();
    let reordered = format!(
        r#"{{"end_date": {}, "operation": "expire_subscription", "subscription_id": 2}}"#,
        input["end_date"]
    );
    row(&mut books).input = Some(reordered);
    assert_eq!(books.broken(), []);
}

#[test]
fn an_answer_that_the_core_would_not_give_is_caught() {
    let mut books = expired();
    let answer = row(&mut books).answer.as_mut().unwrap();
    answer.body = answer.body.replace("monthly", "yearly");
    assert_eq!(books.broken(), [Rule::ReplayDiffers]);

    let mut books = expired();
    row(&mut books).user = None;
    assert_eq!(books.broken(), [Rule::ReplayDiffers]);

    let mut books = expired();
    row(&mut books).entity = Some(GIFT.get());
    assert_eq!(books.broken(), [Rule::ReplayDiffers]);
}

#[test]
fn what_was_done_before_it_was_due_is_caught() {
    let (_, end) = aged();
    let mut books = expired();
    row(&mut books).decided_at = end - TimeDelta::microseconds(1);
    assert!(books.broken().contains(&Rule::ReplayDiffers));

    let mut books = expired();
    books.rows.log.retain(|row| row.operation != "faults_age_gift");
    assert!(books.broken().contains(&Rule::ReplayDiffers));
}

#[test]
fn what_was_done_twice_is_caught() {
    let mut books = expired();
    let mut again = row(&mut books).clone();
    again.position = 100;
    books.rows.log.push(again);
    assert_eq!(books.broken(), [Rule::DecidedTwice, Rule::ReplayDiffers]);
}

#[test]
fn what_is_marked_without_a_row_of_the_command_log_is_caught() {
    let mut books = expired();
    books.rows.log.retain(|row| row.operation != "expire_subscription");
    // The stored row has expired, and is no longer due.
    assert_eq!(books.broken(), [Rule::RowDiffers, Rule::RowMissing]);
}

#[test]
fn a_command_that_is_not_what_its_input_says_is_caught() {
    type Change = fn(&mut LogRow);
    let changes: [(&str, Change); 6] = [
        ("job", |row| row.job = JobId::new(uuid::Uuid::from_u128(7))),
        ("key", |row| row.key.push('0')),
        ("client", |row| row.client = ClientId::new(77)),
        ("operation", |row| row.operation = "expire_gift".to_owned()),
        ("input", |row| row.input = None),
        ("input", |row| row.input = Some(r#"{"operation":"renew"}"#.to_owned())),
    ];
    for (what, change) in changes {
        let mut books = expired();
        change(row(&mut books));
        assert!(books.broken().contains(&Rule::NeverSubmitted), "{what}");
    }
}

/// The spaces of keys are apart: a client may choose the key of an internal command.
#[test]
fn a_client_may_use_the_key_of_an_internal_command() {
    let mut books = expired();
    books.command("expire:gift:3", "/users", json!({"email": "bob@example.com"}));
    assert_eq!(books.broken(), []);

    // An internal row that passes for one of a client was submitted by nobody.
    row(&mut books).origin = Origin::Client;
    assert!(books.broken().contains(&Rule::NeverSubmitted));
}

#[test]
fn a_due_at_that_is_not_what_the_row_says_is_caught() {
    let (mut books, end) = aged();
    assert_eq!(books.rows.subscriptions[0].state, SubscriptionState::Active);
    books.rows.due_subscriptions.insert(SUBSCRIPTION, end + TimeDelta::seconds(1));
    assert_eq!(books.broken(), [Rule::RowDiffers]);

    let (mut books, _) = aged();
    books.rows.due_gifts.clear();
    assert_eq!(books.broken(), [Rule::RowMissing]);

    let mut books = expired();
    books.rows.due_gifts.insert(GIFT, end);
    assert_eq!(books.broken(), [Rule::RowDiffers]);
}

/// The plan of another tier waits behind what runs, and begins at its end.
#[test]
fn a_gift_that_waits_and_begins_is_replayed() {
    let mut books = Books::empty();
    books.sells(samples::plan_of_tier("bronze"));
    books.command("ann", "/users", json!({"email": "ann@example.com"}));
    let subscribe = json!({"plan": "monthly", "user_id": 1, "auto_renew": true});
    books.command("sub", "/subscribe", subscribe);
    let gift = json!({"gifter_id": 1, "recipient_email": "ann@example.com", "plan": "bronze"});
    books.command("gift", "/gift", gift);
    books.command("redeem", "/gift/redeem", json!({"gift_id": 3, "user_id": 1}));
    let waiting = books.rows.subscriptions.last().unwrap();
    assert_eq!(waiting.state, SubscriptionState::Scheduled);
    assert_eq!(books.broken(), []);

    books.command("cancel", "/cancel", json!({"subscription_id": 2}));
    assert_eq!(books.rows.subscriptions.last().unwrap().state, SubscriptionState::Active);
    assert_eq!(books.broken(), []);
    for row in books.rows.subscriptions.iter_mut().skip(1) {
        row.state = SubscriptionState::Scheduled;
    }
    assert!(books.broken().contains(&Rule::WaitsForNothing));
}
