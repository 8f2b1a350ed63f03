//! What a client is shown, to the byte.

use contract::view::{EntitlementView, GiftView, SubscriptionView, TestClockView, timestamp};
use domain::Entity::{Redemption, Subscription, User};
use domain::Success::{Changed, Created};
use domain::{
    Advance, Answer, Entitled, Entitlement, EntitlementSource, Entity, Gift, GiftState, Instant,
    SubscriptionStatus, Success, TestClock,
};
use proptest::prelude::proptest;
use proptest::prop_assert_eq;
use samples::{
    ALICE, JOB, SHOP, at, external_id, gift, metadata, now, plan_of, subscription, user, waiting,
};

fn answer(success: Success) -> (u16, String) {
    let Answer { status, body } = contract::answer(JOB, &Ok(success), now());
    assert!(Answer { status, body: String::new() }.is_success());
    (status, body)
}

/// Compares an answer with the file of that name.
fn ensure_kept(name: &str, success: Success) {
    let (status, body) = answer(success);
    let mut settings = insta::Settings::new();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, format!("{status}\n{body}")));
}

#[test]
fn a_new_user_is_201_with_the_email_as_written() {
    let user = user(ALICE, SHOP, "Alice@Example.com");
    let body = concat!(
        r#"{"id":1,"email":"Alice@Example.com","#,
        r#""created_at":"2026-01-01T00:00:00.000000Z","external_id":null,"metadata":{}}"#
    );
    assert_eq!(answer(Created(User(user))), (201, body.to_owned()));
}

#[test]
fn an_updated_user_is_200_with_all_that_the_client_said() {
    let known = domain::User {
        external_id: Some(external_id("c-1")),
        metadata: metadata([("tier", "gold"), ("note", "a \"b\"")]),
        ..user(ALICE, SHOP, "a@b.org")
    };
    let body = concat!(
        r#"{"id":1,"email":"a@b.org","created_at":"2026-01-01T00:00:00.000000Z","#,
        r#""external_id":"c-1","metadata":{"note":"a \"b\"","tier":"gold"}}"#
    );
    assert_eq!(answer(Changed(User(known))), (200, body.to_owned()));
}

#[test]
fn a_new_subscription_is_201_and_a_renewed_one_200() {
    let running = subscription(10, 2, "2026-05-31T08:00:00.5Z", "2026-07-31T08:00:00.5Z");
    ensure_kept("new_subscription", Created(Subscription(running.clone())));
    ensure_kept("renewed_subscription", Changed(Subscription(running)));
}

#[test]
fn a_cancelled_subscription_is_200_and_says_since_when() {
    let running = subscription(10, 2, "2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z");
    ensure_kept("cancelled_subscription", Changed(Subscription(running.cancelled(now()))));
}

#[test]
fn a_plan_is_shown_with_the_terms_of_its_newest_version() {
    let body = concat!(
        r#"{"code":"monthly","name":"Monthly","tier":"standard","tier_rank":0,"#,
        r#""interval":"month","price":{"amount":0,"currency":"USD"},"trial_days":0,"#,
        r#""grace_days":7,"features":[],"version":1,"retired_at":"2026-06-15T12:00:00.123456Z"}"#
    );
    let retired = plan_of("monthly").retired(now());
    assert_eq!(answer(Changed(Entity::Plan(retired))), (200, body.to_owned()));
}

#[test]
fn an_entitlement_has_every_member_whatever_the_user_has() {
    let shown = |entitlement: &Entitlement| {
        serde_json::to_string(&EntitlementView::new(ALICE, entitlement).as_of(now())).unwrap()
    };
    let nothing =
        Entitlement { status: None, plan: None, tier: None, will_renew: false, current: None };
    assert_eq!(
        shown(&nothing),
        concat!(
            r#"{"user_id":1,"entitled":false,"status":"none","plan":null,"tier":null,"#,
            r#""features":[],"until":null,"will_renew":false,"source":null,"#,
            r#""as_of":"2026-06-15T12:00:00.123456Z"}"#
        )
    );
    let running = Entitlement {
        status: Some(SubscriptionStatus::Active),
        plan: Some("monthly".to_owned()),
        tier: Some("standard".to_owned()),
        will_renew: false,
        current: Some(Entitled {
            features: vec!["reports".to_owned()],
            until: at("2026-07-31T08:00:00Z"),
            source: Some(EntitlementSource::Gift),
        }),
    };
    assert_eq!(
        shown(&running),
        concat!(
            r#"{"user_id":1,"entitled":true,"status":"active","plan":"monthly","#,
            r#""tier":"standard","features":["reports"],"until":"2026-07-31T08:00:00.000000Z","#,
            r#""will_renew":false,"source":"gift","as_of":"2026-06-15T12:00:00.123456Z"}"#
        )
    );
}

#[test]
fn a_test_clock_has_a_target_while_it_is_moved() {
    let clock = TestClock { client: SHOP, now: at("2026-01-31T00:00:00Z"), advance: None };
    let advance = Some(Advance { target: at("2026-02-28T00:00:00Z"), job: JOB });
    for (advance, target) in [(None, "null"), (advance, r#""2026-02-28T00:00:00.000000Z""#)] {
        let view = TestClockView::from(&TestClock { advance, ..clock });
        let expected = format!(r#"{{"now":"2026-01-31T00:00:00.000000Z","target":{target}}}"#);
        assert_eq!(serde_json::to_string(&view).unwrap(), expected);
    }
}

#[test]
fn a_new_gift_is_201() {
    let body = concat!(
        r#"{"id":20,"gifter_id":2,"recipient_email":"alice@EXAMPLE.com","recipient_id":null,"#,
        r#""status":"pending","duration_months":3,"expires_at":"2026-07-01T00:00:00.000000Z","#,
        r#""redeemed_at":null,"created_at":"2026-06-01T00:00:00.000000Z","plan":"monthly"}"#
    );
    assert_eq!(answer(Created(Entity::Gift(gift(20)))), (201, body.to_owned()));
}

#[test]
fn a_redemption_is_200_and_says_where_the_months_went() {
    let gift = gift(20).redeemed(ALICE, now());
    let subscription = subscription(10, 5, "2026-05-31T08:00:00Z", "2026-10-31T08:00:00Z");
    let body = concat!(
        r#"{"subscription_id":10,"gift_id":20,"status":"redeemed","#,
        r#""start_date":"2026-05-31T08:00:00.000000Z","end_date":"2026-10-31T08:00:00.000000Z","#,
        r#""queued":false}"#
    );
    assert_eq!(answer(Changed(Redemption { gift, subscription })), (200, body.to_owned()));
}

#[test]
fn a_redemption_that_waits_has_no_dates_yet() {
    let gift = gift(20).redeemed(ALICE, now());
    let body = concat!(
        r#"{"subscription_id":11,"gift_id":20,"status":"redeemed","#,
        r#""start_date":null,"end_date":null,"queued":true}"#
    );
    let subscription = waiting(11, "gold", 3);
    assert_eq!(answer(Changed(Redemption { gift, subscription })), (200, body.to_owned()));
}

#[test]
fn a_subscription_that_waits_has_no_dates_and_one_that_stands_in_says_what_it_is_renewed_as() {
    let unbegun = waiting(11, "gold", 2);
    ensure_kept("scheduled_subscription", Changed(Subscription(unbegun.clone())));
    let shown = SubscriptionView::at(&unbegun.cancelled(now()), at("2030-01-01T00:00:00Z"));
    let shown = serde_json::to_value(shown).unwrap();
    assert_eq!((&shown["status"], &shown["end_date"]), (&"cancelled".into(), &().into()));

    let running = subscription(10, 2, "2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z");
    let running = domain::Subscription { auto_renew: true, ..running };
    let line = domain::Line::of([running, unbegun.clone()]);
    let begun = line.row_at(&unbegun, at("2026-08-01T00:00:00Z"));
    let shown = serde_json::to_value(SubscriptionView::at(&begun, now())).unwrap();
    let change = r#"{"at":"2026-09-30T08:00:00.000000Z","plan":"monthly"}"#;
    assert_eq!(shown["scheduled_change"].to_string(), change);
}

#[test]
fn a_redeemed_gift_says_by_whom_and_when() {
    let view = GiftView::at(&gift(20).redeemed(ALICE, now()), now());
    let body = concat!(
        r#"{"id":20,"gifter_id":2,"recipient_email":"alice@EXAMPLE.com","recipient_id":1,"#,
        r#""status":"redeemed","duration_months":3,"expires_at":"2026-07-01T00:00:00.000000Z","#,
        r#""redeemed_at":"2026-06-15T12:00:00.123456Z","#,
        r#""created_at":"2026-06-01T00:00:00.000000Z","plan":"monthly"}"#
    );
    assert_eq!(serde_json::to_string(&view).unwrap(), body);
}

/// The answer of an internal command is the row as clients see it, and its status is 200.
#[test]
fn what_has_expired_is_200_with_the_row_as_it_is_then() {
    let expired =
        subscription(10, 1, "2026-05-01T08:00:00Z", "2026-06-01T08:00:00Z").expired(now());
    ensure_kept("expired_subscription", Changed(Subscription(expired)));

    let body = concat!(
        r#"{"id":20,"gifter_id":2,"recipient_email":"alice@EXAMPLE.com","recipient_id":null,"#,
        r#""status":"expired","duration_months":3,"expires_at":"2026-07-01T00:00:00.000000Z","#,
        r#""redeemed_at":null,"created_at":"2026-06-01T00:00:00.000000Z","plan":"monthly"}"#
    );
    assert_eq!(answer(Changed(Entity::Gift(gift(20).expired()))), (200, body.to_owned()));
}

/// A sweep may not have come by: what is shown does not depend on it.
#[test]
fn what_is_past_its_end_is_shown_as_expired() {
    let running = subscription(10, 2, "2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z");
    let shown = |at| serde_json::to_value(SubscriptionView::at(&running, at)).unwrap();
    let tick = chrono::TimeDelta::microseconds(1);
    assert_eq!(shown(running.end_date - tick)["status"], "active");
    assert_eq!(shown(running.end_date)["status"], "expired");
    let cancelled = running.cancelled(now());
    let view = SubscriptionView::at(&cancelled, at("2030-01-01T00:00:00Z"));
    assert_eq!(serde_json::to_value(view).unwrap()["status"], "cancelled");

    let shown = |gift: &Gift, at| serde_json::to_value(GiftView::at(gift, at)).unwrap();
    let pending = gift(20);
    assert_eq!(shown(&pending, pending.expires_at - tick)["status"], "pending");
    assert_eq!(shown(&pending, pending.expires_at)["status"], "expired");
    let redeemed = pending.redeemed(ALICE, now());
    assert_eq!(shown(&redeemed, at("2030-01-01T00:00:00Z"))["status"], "redeemed");
    let expired = Gift { state: GiftState::Expired, ..pending };
    assert_eq!(shown(&expired, now())["status"], "expired");
}

proptest! {
    /// From the year 0 to the last microsecond of the year 9999.
    #[test]
    fn a_time_always_has_6_decimals_and_a_z(
        us in -62_167_219_200_000_000..=253_402_300_799_999_999_i64,
    ) {
        let time = Instant::from_timestamp_micros(us).unwrap();
        let text = timestamp(time);
        prop_assert_eq!(text.len(), "2026-06-15T12:00:00.123456Z".len());
        prop_assert_eq!(text.as_bytes().get(19), Some(&b'.'));
        prop_assert_eq!(text.as_bytes().last(), Some(&b'Z'));
        prop_assert_eq!(text.parse::<Instant>(), Ok(time));
    }
}
