//! Commands that touch the same rows see each other, in order.

use super::sample::{ALICE, BOB, CANCEL, attempt, batch, decided, renew, statuses, written};
use crate::tests::attempts::attempt_of;
use domain::SubscriptionStatus::{Active, Cancelled, Expired};
use domain::{ClientId, GiftId, GrantSource};
use samples::SHOP;
use std::collections::HashMap;
use support::commands::{create_user, redeem, subscribe};

#[test]
fn second_subscribe_of_a_user_is_refused_and_told_of_the_first() {
    let decided = batch([subscribe(BOB), subscribe(BOB)]);
    assert_eq!(statuses(&decided), [201, 409]);
    let refused = &decided.entries[1].answer().unwrap().body;
    assert!(refused.contains(r#""subscription_id":2000"#), "{refused}");
    assert_eq!(decided.changes.grants.len(), 1);
}

#[test]
fn a_user_can_subscribe_again_once_a_cancellation_went_before() {
    assert_eq!(statuses(&batch([subscribe(ALICE), CANCEL])), [409, 200]);
    let decided = batch([CANCEL, subscribe(ALICE), CANCEL]);
    assert_eq!(statuses(&decided), [200, 201, 409]);
    assert_eq!(written(&decided.changes), [(10, Cancelled, 1), (2000, Active, 1)]);
}

#[test]
fn renewals_add_up_in_one_row_with_a_grant_each() {
    let decided = batch([renew(1), renew(2), renew(3), CANCEL, renew(4)]);
    assert_eq!(statuses(&decided), [200, 200, 200, 200, 409]);
    assert_eq!(written(&decided.changes), [(10, Cancelled, 7)]);
    let granted: Vec<_> = decided.changes.grants.values().map(|grant| grant.months).collect();
    assert_eq!(granted, [1, 2, 3]);
    let refused = &decided.entries[4].answer().unwrap().body;
    assert!(refused.contains(r#""current_status":"cancelled""#), "{refused}");
}

#[test]
fn second_redeem_of_a_gift_is_rejected() {
    let decided = batch([redeem(20, ALICE), redeem(20, ALICE), redeem(20, BOB)]);
    assert_eq!(statuses(&decided), [200, 409, 403]);
    let granted = decided.changes.grants.values().filter_map(|grant| grant.source.gift());
    assert_eq!(granted.count(), 1);
    assert_eq!(written(&decided.changes), [(10, Active, 3)]);
}

#[test]
fn second_gift_of_a_user_extends_what_the_first_began() {
    let decided = batch([redeem(22, BOB), redeem(23, BOB), subscribe(BOB)]);
    assert_eq!(statuses(&decided), [200, 200, 409]);
    // Bob's old one had lapsed: it is marked, in the same batch, and before its successor.
    assert_eq!(written(&decided.changes), [(11, Expired, 1), (2000, Active, 4)]);
}

#[test]
fn a_gift_extends_what_a_purchase_began() {
    let decided = batch([subscribe(BOB), redeem(22, BOB)]);
    assert_eq!(statuses(&decided), [201, 200]);
    let sources: Vec<_> =
        decided.changes.grants.values().map(|grant| grant.source.clone()).collect();
    assert_eq!(sources, [GrantSource::Purchase, GrantSource::Gift(GiftId::new(22))]);
    assert!(decided.changes.grants.values().all(|grant| grant.subscription.get() == 2000));
}

#[test]
fn second_user_with_an_email_is_refused_in_whatever_case() {
    let decided = batch([create_user("carol@example.com"), create_user("CAROL@example.com")]);
    assert_eq!(statuses(&decided), [201, 409]);
    assert_eq!(decided.changes.users.len(), 1);
}

#[test]
fn clients_do_not_get_in_each_others_way() {
    let rival = ClientId::new(101);
    let attempts = [
        attempt(&"k".repeat(255), create_user("carol@example.com")),
        attempt_of(rival, &"k".repeat(255), create_user("carol@example.com")),
        attempt_of(rival, "cancel", CANCEL),
        attempt_of(rival, "renew", renew(1)),
        attempt_of(rival, "redeem", redeem(20, ALICE)),
        attempt_of(rival, "subscribe", subscribe(ALICE)),
    ];
    let decided = decided(&attempts, HashMap::new());
    assert_eq!(statuses(&decided), [201, 201, 404, 404, 404, 404]);
    let clients: Vec<_> = decided.changes.users.values().map(|user| user.client).collect();
    assert_eq!(clients, [SHOP, rival]);
}

/// A client cannot know the id, but it may guess it.
#[test]
fn a_user_made_in_the_batch_is_there_for_the_commands_after_it() {
    let made = 1000;
    let decided = batch([subscribe(made), create_user("carol@example.com"), subscribe(made)]);
    assert_eq!(statuses(&decided), [404, 201, 201]);
}

#[test]
fn later_subscriptions_have_greater_ids_in_whatever_order_ids_were_drawn() {
    let users = ["c@x.org", "d@x.org", "e@x.org", "f@x.org"].map(create_user);
    let commands = users.into_iter().chain((1000..1004).map(subscribe));
    let decided = batch(commands);
    let entities: Vec<_> = decided.entries.iter().filter_map(|entry| entry.entity).collect();
    assert_eq!(entities, [1000, 1001, 1002, 1003, 2000, 2001, 2002, 2003]);
}
