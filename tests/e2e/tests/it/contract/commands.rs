//! The six commands: how each is done, and every way in which each is refused.

use anyhow::Result;
use e2e::WithDatabase;

use super::{conversation::Conversation, quiet};

#[tokio::test]
async fn what_is_done() -> Result<()> {
    let stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    for (path, body) in [
        ("/users", r#"{"email":"ada@example.com"}"#),
        ("/users", r#"{"email":" Bob@Example.com "}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
        ("/subscribe", r#"{"user_id":2,"plan":"yearly","duration_months":24}"#),
        ("/renew", r#"{"subscription_id":1,"duration_months":2}"#),
        ("/renew", r#"{"subscription_id":2}"#),
        ("/cancel", r#"{"subscription_id":1}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com","duration_months":3}"#),
        ("/gift", r#"{"gifter_id":2,"recipient_email":"ADA@example.com"}"#),
        // Bob has a subscription, which grows. Ada has none any more, so one begins.
        ("/gift/redeem", r#"{"gift_id":1,"user_id":2}"#),
        ("/gift/redeem", r#"{"gift_id":2,"user_id":1}"#),
    ] {
        talk.post(path, body).await?;
    }
    talk.end(stack, "commands_done").await
}

/// Ada (1) and Bob (2) with a subscription each, and four gifts: one that Bob has redeemed, two
/// that wait for him, and one for Ada.
async fn prepare(talk: &mut Conversation) -> Result<()> {
    for (path, body) in [
        ("/users", r#"{"email":"ada@example.com"}"#),
        ("/users", r#"{"email":"bob@example.com"}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
        ("/subscribe", r#"{"user_id":2,"plan":"yearly"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"ada@example.com","duration_months":24}"#),
        ("/gift/redeem", r#"{"gift_id":1,"user_id":2}"#),
    ] {
        talk.prepare(path, body).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_refused() -> Result<()> {
    let stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    prepare(&mut talk).await?;
    for (path, body) in [
        ("/users", r#"{"email":"ADA@example.com"}"#),
        ("/subscribe", r#"{"user_id":99,"plan":"monthly"}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"weekly"}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"yearly","duration_months":7}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
        ("/renew", r#"{"subscription_id":99}"#),
        ("/renew", r#"{"subscription_id":2,"duration_months":7}"#),
        ("/cancel", r#"{"subscription_id":99}"#),
        ("/gift", r#"{"gifter_id":99,"recipient_email":"bob@example.com"}"#),
        ("/gift/redeem", r#"{"gift_id":99,"user_id":2}"#),
        ("/gift/redeem", r#"{"gift_id":2,"user_id":99}"#),
        ("/gift/redeem", r#"{"gift_id":2,"user_id":1}"#),
        ("/gift/redeem", r#"{"gift_id":1,"user_id":2}"#),
    ] {
        talk.post(path, body).await?;
    }
    talk.end(stack, "commands_refused").await
}

#[tokio::test]
async fn what_time_refuses() -> Result<()> {
    let stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    prepare(&mut talk).await?;
    talk.remark("gift 3 has expired, and so has subscription 2");
    stack.end_gift(3).await?;
    stack.end_subscription(2).await?;
    talk.post("/gift/redeem", r#"{"gift_id":3,"user_id":2}"#).await?;
    talk.post("/renew", r#"{"subscription_id":2}"#).await?;
    talk.post("/cancel", r#"{"subscription_id":2}"#).await?;

    // A new subscription cannot end too late: 120 months from now are not enough.
    talk.remark("subscription 1 runs to June of the year 9998");
    stack.move_start(1, "2024-06-30T00:00:00Z", (9_998 - 2_024) * 12).await?;
    talk.post("/renew", r#"{"subscription_id":1,"duration_months":19}"#).await?;
    talk.post("/gift/redeem", r#"{"gift_id":4,"user_id":1}"#).await?;

    talk.remark("subscription 1 is cancelled");
    talk.prepare("/cancel", r#"{"subscription_id":1}"#).await?;
    talk.post("/renew", r#"{"subscription_id":1}"#).await?;
    talk.post("/cancel", r#"{"subscription_id":1}"#).await?;
    talk.end(stack, "commands_refused_by_time").await
}
