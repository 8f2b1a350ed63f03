//! What clients look up.

use anyhow::Result;
use e2e::WithDatabase;
use reqwest::Method;

use super::{conversation::Conversation, quiet};

/// Ada (1) with three subscriptions, of which the last runs, Bob (2) with one, Cyd (3) with none,
/// and three gifts.
async fn prepare(talk: &mut Conversation) -> Result<()> {
    for (path, body) in [
        ("/users", r#"{"email":"ada@example.com"}"#),
        ("/users", r#"{"email":"bob@example.com"}"#),
        ("/users", r#"{"email":"cyd@example.com"}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
        ("/cancel", r#"{"subscription_id":1}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"yearly"}"#),
        ("/cancel", r#"{"subscription_id":2}"#),
        ("/subscribe", r#"{"user_id":1,"plan":"monthly"}"#),
        ("/subscribe", r#"{"user_id":2,"plan":"monthly"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com"}"#),
        ("/gift", r#"{"gifter_id":1,"recipient_email":"bob@example.com"}"#),
        ("/gift/redeem", r#"{"gift_id":2,"user_id":2}"#),
    ] {
        talk.prepare(path, body).await?;
    }
    Ok(())
}

#[tokio::test]
async fn users_and_gifts() -> Result<()> {
    let stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    prepare(&mut talk).await?;
    for path in ["/users/1", "/users/1?x=1", "/users/99", "/users/01", "/users/ada", "/users/%ff"] {
        talk.get(path).await?;
    }
    for path in ["/gifts/1", "/gifts/2", "/gifts/99", "/gifts/0"] {
        talk.get(path).await?;
    }
    talk.remark("gift 3 has expired");
    stack.end_gift(3).await?;
    talk.get("/gifts/3").await?;
    for path in ["/users/1", "/users/99", "/gifts/1", "/subscriptions/1"] {
        talk.send(talk.request(Method::HEAD, path)).await?;
    }
    talk.end(stack, "reads_users_and_gifts").await
}

#[tokio::test]
async fn subscriptions() -> Result<()> {
    let stack = quiet().start().await?;
    let mut talk = Conversation::with(stack.client()?);
    prepare(&mut talk).await?;
    for path in [
        "/subscriptions/1",
        "/subscriptions/1?limit=2",
        "/subscriptions/1?limit=2&starting_after=2",
        "/subscriptions/1?starting_after=1",
        "/subscriptions/1?limit=3&x=1",
        "/subscriptions/3",
        "/subscriptions/99",
        "/subscriptions/x",
        "/subscriptions/1?limit=0",
        "/subscriptions/1?limit=101",
        "/subscriptions/1?limit=",
        "/subscriptions/1?starting_after=x",
        "/subscriptions/1?limit=x&starting_after=x",
        "/subscriptions/1?limit=1&limit=2",
    ] {
        talk.get(path).await?;
    }
    talk.remark("subscription 4 has expired");
    stack.end_subscription(4).await?;
    talk.get("/subscriptions/2").await?;
    talk.end(stack, "reads_subscriptions").await
}
