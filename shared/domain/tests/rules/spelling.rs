//! How operations and states are written: in answers, in the command log, in Redis.

use domain::{
    Cancel, Command, ExpireGift, ExpireSubscription, GiftId, GiftStatus, GrantSource,
    InternalCommand, JobStatus, Operation, Origin, Renew, SubscriptionId, SubscriptionStatus,
};
use samples::{ALICE, at, create_user, give, redeem, subscribe};

use GiftStatus::{Pending, Redeemed};
use JobStatus::{Dead, Failed, Queued, Retrying, Running, Succeeded};
use SubscriptionStatus::{Active, Cancelled, Expired};

#[test]
fn operations_are_written_as_the_command_log_has_them() {
    for spelling in [
        "create_user",
        "update_user",
        "subscribe",
        "renew",
        "cancel",
        "gift",
        "redeem",
        "expire_subscription",
        "expire_gift",
    ] {
        let operation = Operation::parse(spelling).expect(spelling);
        assert_eq!(operation.as_str(), spelling);
    }
    for operation in Operation::ALL {
        assert_eq!(Operation::parse(operation.as_str()), Some(*operation));
    }
    assert_eq!(Operation::parse("Subscribe"), None);
}

#[test]
fn subscriptions_and_gifts_have_the_states_of_the_contract() {
    for (status, text) in [(Active, "active"), (Cancelled, "cancelled"), (Expired, "expired")] {
        assert_eq!((status.as_str(), SubscriptionStatus::parse(text)), (text, Some(status)));
        assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{text}\""));
    }
    for (status, text) in
        [(Pending, "pending"), (Redeemed, "redeemed"), (GiftStatus::Expired, "expired")]
    {
        assert_eq!((status.as_str(), GiftStatus::parse(text)), (text, Some(status)));
        assert_eq!(serde_json::to_string(&status).unwrap(), format!("\"{text}\""));
    }
    for unknown in ["", "Active", "canceled", "Pending", "dead"] {
        assert_eq!(SubscriptionStatus::parse(unknown), None);
        assert_eq!(GiftStatus::parse(unknown), None);
    }
}

#[test]
fn jobs_have_the_states_of_the_contract_and_two_of_them_are_final() {
    for (status, text, is_final) in [
        (Queued, "queued", false),
        (Running, "running", false),
        (Retrying, "retrying", false),
        (Succeeded, "succeeded", true),
        (Failed, "failed", true),
        (Dead, "dead", false),
    ] {
        assert_eq!(status.as_str(), text);
        assert_eq!(status.is_finished(), is_final, "{text}");
    }
    assert_eq!(JobStatus::finished(true), Succeeded);
    assert_eq!(JobStatus::finished(false), Failed);
}

#[test]
fn grants_say_what_gave_them() {
    let gift = GrantSource::Gift(GiftId::new(4));
    assert_eq!((gift.as_str(), gift.gift()), ("gift", Some(GiftId::new(4))));
    assert_eq!((GrantSource::Purchase.as_str(), GrantSource::Purchase.gift()), ("purchase", None));
    assert_eq!((GrantSource::Renewal.as_str(), GrantSource::Renewal.gift()), ("renewal", None));
}

/// Jobs of an older release wait in Redis while a newer one is started.
#[test]
fn commands_are_carried_as_they_always_were() {
    let (subscription_id, gift_id) = (SubscriptionId::new(10), GiftId::new(20));
    let gift = concat!(
        r#"{"operation":"gift","gifter_id":1,"recipient_email":"Alice@example.com","#,
        r#""duration_months":3}"#
    );
    let rows: [(Command, &str); 6] = [
        (create_user("a@b.co").into(), r#"{"operation":"create_user","email":"a@b.co"}"#),
        (
            subscribe(ALICE, "monthly", Some(2)).into(),
            r#"{"operation":"subscribe","user_id":1,"plan":"monthly","duration_months":2}"#,
        ),
        (
            Renew { subscription_id, duration_months: None }.into(),
            r#"{"operation":"renew","subscription_id":10,"duration_months":null}"#,
        ),
        (
            Cancel { subscription_id, at_period_end: false }.into(),
            r#"{"operation":"cancel","subscription_id":10}"#,
        ),
        (give(ALICE, "Alice@example.com", Some(3)).into(), gift),
        (redeem(gift_id, ALICE).into(), r#"{"operation":"redeem","gift_id":20,"user_id":1}"#),
    ];
    for (command, json) in rows {
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
        assert_eq!(serde_json::from_str::<Command>(json).unwrap(), command);
        assert!(json.contains(&format!("\"{}\"", command.operation().as_str())));
    }
}

/// They are kept in the command log for ever, and replayed from there.
#[test]
fn internal_commands_are_kept_as_they_always_were() {
    let (subscription_id, gift_id) = (SubscriptionId::new(7), GiftId::new(9));
    let micros = concat!(
        r#"{"operation":"expire_subscription","subscription_id":7,"#,
        r#""end_date":"2026-07-31T08:00:00.123456Z"}"#
    );
    let whole = concat!(
        r#"{"operation":"expire_subscription","subscription_id":7,"#,
        r#""end_date":"2026-07-31T08:00:00Z"}"#
    );
    let expire = |end| ExpireSubscription { subscription_id, end_date: at(end) };
    let rows: [(InternalCommand, &str); 3] = [
        (expire("2026-07-31T08:00:00.123456Z").into(), micros),
        (expire("2026-07-31T08:00:00Z").into(), whole),
        (ExpireGift { gift_id }.into(), r#"{"operation":"expire_gift","gift_id":9}"#),
    ];
    for (command, json) in rows {
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
        assert_eq!(serde_json::from_str::<InternalCommand>(json).unwrap(), command);
        assert!(json.contains(&format!("\"{}\"", command.operation().as_str())));
    }
    // What clients can submit is no internal command, and the other way round.
    let renew = r#"{"operation":"renew","subscription_id":10,"duration_months":null}"#;
    assert!(serde_json::from_str::<InternalCommand>(renew).is_err());
    assert!(serde_json::from_str::<Command>(micros).is_err());
}

#[test]
fn the_origin_of_a_command_is_written_as_the_command_log_has_it() {
    for (origin, text) in [(Origin::Client, "client"), (Origin::Internal, "internal")] {
        assert_eq!((origin.as_str(), Origin::parse(text)), (text, Some(origin)));
    }
    for unknown in ["", "Client", "system", "internal "] {
        assert_eq!(Origin::parse(unknown), None);
    }
}
