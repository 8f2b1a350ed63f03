//! How operations and states are written: in answers, in the command log, in Redis.

use crate::sample::plan;
use domain::{
    Cancel, Command, CreateUser, GiftId, GiftStatus, Give, GrantSource, JobStatus, Operation,
    Redeem, Renew, Subscribe, SubscriptionId, SubscriptionStatus,
};
use samples::{ALICE, email};

use GiftStatus::{Pending, Redeemed};
use JobStatus::{Dead, Failed, Queued, Retrying, Running, Succeeded};
use SubscriptionStatus::{Active, Cancelled, Expired};

#[test]
fn operations_are_written_as_the_command_log_has_them() {
    let spellings = Operation::ALL.map(Operation::as_str);
    assert_eq!(
        spellings,
        [
            "create_user",
            "subscribe",
            "renew",
            "cancel",
            "gift",
            "redeem",
            "expire_subscription",
            "expire_gift"
        ]
    );
    for operation in Operation::ALL {
        assert_eq!(Operation::parse(operation.as_str()), Some(operation));
        let json = serde_json::to_string(&operation).unwrap();
        assert_eq!(json, format!("\"{}\"", operation.as_str()));
        assert_eq!(serde_json::from_str::<Operation>(&json).unwrap(), operation);
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
    let (user_id, subscription_id, gift_id) = (ALICE, SubscriptionId::new(10), GiftId::new(20));
    let recipient_email = email("Alice@example.com");
    for (command, json) in [
        (
            Command::CreateUser(CreateUser { email: email("a@b.co") }),
            r#"{"operation":"create_user","email":"a@b.co"}"#,
        ),
        (
            Command::Subscribe(Subscribe {
                user_id,
                plan: plan("monthly"),
                duration_months: Some(2),
            }),
            r#"{"operation":"subscribe","user_id":1,"plan":"monthly","duration_months":2}"#,
        ),
        (
            Command::Renew(Renew { subscription_id, duration_months: None }),
            r#"{"operation":"renew","subscription_id":10,"duration_months":null}"#,
        ),
        (
            Command::Cancel(Cancel { subscription_id }),
            r#"{"operation":"cancel","subscription_id":10}"#,
        ),
        (
            Command::Give(Give { gifter_id: user_id, recipient_email, duration_months: Some(3) }),
            concat!(
                r#"{"operation":"gift","gifter_id":1,"recipient_email":"Alice@example.com","#,
                r#""duration_months":3}"#
            ),
        ),
        (
            Command::Redeem(Redeem { gift_id, user_id }),
            r#"{"operation":"redeem","gift_id":20,"user_id":1}"#,
        ),
    ] {
        assert_eq!(serde_json::to_string(&command).unwrap(), json);
        assert_eq!(serde_json::from_str::<Command>(json).unwrap(), command);
        assert!(json.contains(&format!("\"{}\"", command.operation().as_str())));
    }
}
