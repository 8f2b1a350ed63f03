//! Every gift, whoever holds out a hand: who is told what, and in which order.

use crate::sample::{ALICE, BOB, EVE, NOBODY, RIVAL, at, decide_at, decided, gift, refused, world};
use chrono::TimeDelta;
use shared::domain::world::Change;
use shared::domain::{Command, Gift, GiftId, GiftStatus, Refusal, Success, UserId, World};

#[derive(Debug, Clone, Copy)]
enum Given {
    Missing,
    Pending,
    /// But no sweep has come by.
    PastItsExpiry,
    Redeemed,
    /// Redeemed in time, and looked at after that time.
    RedeemedLongAgo,
    Expired,
    OtherClients,
}

#[derive(Debug, Clone, Copy)]
enum Hand {
    Recipient,
    SomeoneElse,
    Unknown,
    /// With the recipient's email, even.
    OfOtherClient,
}

const GIFTS: [Given; 7] = [
    Given::Missing,
    Given::Pending,
    Given::PastItsExpiry,
    Given::Redeemed,
    Given::RedeemedLongAgo,
    Given::Expired,
    Given::OtherClients,
];
const HANDS: [Hand; 4] = [Hand::Recipient, Hand::SomeoneElse, Hand::Unknown, Hand::OfOtherClient];
const PAST: &str = "2026-06-10T00:00:00Z";

fn world_with(given: Given) -> World {
    let pending = gift(20);
    let redeemed = || pending.redeemed(ALICE, at("2026-06-05T00:00:00Z"));
    let gift = match given {
        Given::Missing => return world([]),
        Given::Pending => pending,
        Given::PastItsExpiry => Gift { expires_at: at(PAST), ..pending },
        Given::Redeemed => redeemed(),
        Given::RedeemedLongAgo => Gift { expires_at: at(PAST), ..redeemed() },
        Given::Expired => Gift { expires_at: at(PAST), status: GiftStatus::Expired, ..pending },
        Given::OtherClients => Gift { gifter: EVE, client: RIVAL, ..pending },
    };
    world([Change::Gift(gift)])
}

const fn user_of(hand: Hand) -> UserId {
    match hand {
        Hand::Recipient => ALICE,
        Hand::SomeoneElse => BOB,
        Hand::Unknown => NOBODY,
        Hand::OfOtherClient => EVE,
    }
}

/// `None` for a redemption.
fn expected(given: Given, hand: Hand) -> Option<Refusal> {
    match (given, hand) {
        (Given::Missing | Given::OtherClients, _) => Some(Refusal::GiftNotFound),
        (_, Hand::Unknown | Hand::OfOtherClient) => Some(Refusal::UserNotFound),
        (_, Hand::SomeoneElse) => Some(Refusal::GiftNotRecipient),
        (Given::Redeemed | Given::RedeemedLongAgo, Hand::Recipient) => {
            Some(Refusal::GiftAlreadyRedeemed)
        }
        (Given::PastItsExpiry | Given::Expired, Hand::Recipient) => {
            Some(Refusal::GiftExpired { expired_at: at(PAST) })
        }
        (Given::Pending, Hand::Recipient) => None,
    }
}

fn redeem(user_id: UserId) -> Command {
    Command::Redeem { gift_id: GiftId(20), user_id }
}

/// A stranger learns that the gift exists, and nothing of its state.
#[test]
fn refusals_come_in_the_order_of_the_contract() {
    for given in GIFTS {
        for hand in HANDS {
            let found = decided(&world_with(given), &redeem(user_of(hand)));
            match expected(given, hand) {
                Some(refusal) => assert_eq!(found, refused(refusal), "{given:?}, {hand:?}"),
                None => assert!(found.result.is_ok(), "{given:?}, {hand:?}: {found:?}"),
            }
        }
    }
}

#[test]
fn a_gift_can_be_redeemed_until_the_instant_it_expires() {
    let (world, expiry) = (world_with(Given::Pending), gift(20).expires_at);
    let before = decide_at(&world, &redeem(ALICE), expiry - TimeDelta::microseconds(1));
    assert!(matches!(before.result, Ok(Success::Redeemed { .. })));
    let expired = Refusal::GiftExpired { expired_at: expiry };
    assert_eq!(decide_at(&world, &redeem(ALICE), expiry), refused(expired));
}

#[test]
fn second_redeem_of_a_gift_is_rejected() {
    let mut world = world_with(Given::Pending);
    for change in decided(&world, &redeem(ALICE)).changes {
        world.apply(change);
    }
    assert_eq!(decided(&world, &redeem(ALICE)), refused(Refusal::GiftAlreadyRedeemed));
    assert_eq!(decided(&world, &redeem(BOB)), refused(Refusal::GiftNotRecipient));
}
