//! Every gift, whoever holds out a hand: who is told what, and in which order.

use crate::sample::{EVE, NOBODY, RIVAL, decide_at, decided, refused, working_set};
use chrono::TimeDelta;
use domain::{
    Change, Command, Gift, GiftId, GiftState, Redeem, Refusal, Success, UserId, WorkingSet,
};
use samples::{ALICE, BOB, at, gift};

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

fn working_set_with(given: Given) -> WorkingSet {
    let pending = gift(20);
    let redeemed = || pending.redeemed(ALICE, at("2026-06-05T00:00:00Z"));
    let gift = match given {
        Given::Missing => return working_set([]),
        Given::Pending => pending,
        Given::PastItsExpiry => Gift { expires_at: at(PAST), ..pending },
        Given::Redeemed => redeemed(),
        Given::RedeemedLongAgo => Gift { expires_at: at(PAST), ..redeemed() },
        Given::Expired => Gift { expires_at: at(PAST), state: GiftState::Expired, ..pending },
        Given::OtherClients => Gift { gifter: EVE, client: RIVAL, ..pending },
    };
    working_set([Change::Gift(gift)])
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
    Command::Redeem(Redeem { gift_id: GiftId::new(20), user_id })
}

/// A stranger learns that the gift exists, and nothing of its state.
#[test]
fn refusals_come_in_the_order_of_the_contract() {
    for given in GIFTS {
        for hand in HANDS {
            let found = decided(&working_set_with(given), &redeem(user_of(hand)));
            match expected(given, hand) {
                Some(refusal) => assert_eq!(found, refused(refusal), "{given:?}, {hand:?}"),
                None => assert!(found.result.is_ok(), "{given:?}, {hand:?}: {found:?}"),
            }
        }
    }
}

#[test]
fn a_gift_can_be_redeemed_until_the_instant_it_expires() {
    let (working_set, expiry) = (working_set_with(Given::Pending), gift(20).expires_at);
    let before = decide_at(&working_set, &redeem(ALICE), expiry - TimeDelta::microseconds(1));
    assert!(matches!(before.result, Ok(Success::Redeemed { .. })));
    let expired = Refusal::GiftExpired { expired_at: expiry };
    assert_eq!(decide_at(&working_set, &redeem(ALICE), expiry), refused(expired));
}

#[test]
fn second_redeem_of_a_gift_is_rejected() {
    let mut working_set = working_set_with(Given::Pending);
    for change in decided(&working_set, &redeem(ALICE)).changes {
        working_set.apply(change);
    }
    assert_eq!(decided(&working_set, &redeem(ALICE)), refused(Refusal::GiftAlreadyRedeemed));
    assert_eq!(decided(&working_set, &redeem(BOB)), refused(Refusal::GiftNotRecipient));
}
