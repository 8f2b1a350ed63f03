//! Giving, whoever gives.

use crate::sample::{
    EVE, GIFT_TTL, NEW, NOBODY, decide_at, decide_with, decided, refused, working_set,
};
use crate::scene::{Holding, scene};
use chrono::TimeDelta;
use domain::{Change, Command, Decision, Gift, GiftId, GiftState, Give, Refusal, Success, UserId};
use samples::{ALICE, BOB, SHOP, at, email, now};

fn give(gifter_id: UserId, to: &str, duration_months: Option<u32>) -> Command {
    Command::Give(Give { gifter_id, recipient_email: email(to), duration_months })
}

fn given(gifter: UserId, to: &str, months: u32) -> Decision {
    let gift = Gift {
        id: GiftId::new(NEW),
        gifter,
        client: SHOP,
        recipient_email: email(to),
        state: GiftState::Pending,
        months,
        expires_at: at("2026-07-15T12:00:00.123456Z"),
        created_at: now(),
    };
    Decision { changes: vec![Change::Gift(gift.clone())], result: Ok(Success::GiftCreated(gift)) }
}

#[test]
fn a_gift_waits_for_its_recipient_who_need_not_be_a_user_yet() {
    let found = decided(&working_set([]), &give(BOB, "New.Comer@example.org", Some(120)));
    assert_eq!(found, given(BOB, "New.Comer@example.org", 120));
}

#[test]
fn nothing_that_the_gifter_has_stands_in_the_way() {
    for holding in Holding::ALL {
        let found = decided(&scene(holding, []), &give(ALICE, "bob@example.com", Some(3)));
        assert_eq!(found, given(ALICE, "bob@example.com", 3), "{holding:?}");
    }
}

#[test]
fn one_may_give_to_oneself() {
    let found = decided(&working_set([]), &give(ALICE, "alice@example.com", None));
    assert_eq!(found, given(ALICE, "alice@example.com", 1));
}

#[test]
fn no_user_of_another_client_can_give() {
    for stranger in [NOBODY, EVE] {
        let found = decided(&working_set([]), &give(stranger, "bob@example.com", Some(3)));
        assert_eq!(found, refused(Refusal::GifterNotFound));
    }
}

/// Days are 24 hours: no clock is put back or forward in UTC.
#[test]
fn a_gift_lives_for_as_long_as_the_settings_say() {
    for days in [1, 30, 1825] {
        let gift_ttl = TimeDelta::days(days);
        let found = decide_with(gift_ttl, &working_set([]), &give(BOB, "a@b.org", None)).result;
        let Ok(Success::GiftCreated(gift)) = found else { panic!("refused: {found:?}") };
        assert_eq!(gift.expires_at - gift.created_at, TimeDelta::hours(24 * days));
    }
}

#[test]
fn a_gift_can_be_given_at_any_time() {
    for time in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59.999999Z", "9999-11-30T00:00:00Z"] {
        let found = decide_at(&working_set([]), &give(BOB, "a@b.org", None), at(time)).result;
        let Ok(Success::GiftCreated(gift)) = found else { panic!("refused: {found:?}") };
        assert_eq!(gift.expires_at, at(time) + GIFT_TTL);
    }
}
