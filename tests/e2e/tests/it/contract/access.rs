//! API keys: who is let in, for what, and what belongs to somebody else.

use anyhow::Result;
use e2e::Stack;
use reqwest::Method;

use super::{conversation::Conversation, jobs::location, metrics, quiet};

/// Good enough for every request here that is refused.
const USER: &str = r#"{"email":"ada@example.com"}"#;

async fn locked() -> Result<Stack> {
    quiet().api("API_AUTH", "required").start().await
}

#[tokio::test]
async fn without_a_key() -> Result<()> {
    let stack = locked().await?;
    let mut talk = Conversation::with(stack.client()?);
    talk.post_as("k", "/users", USER).await?;
    for path in ["/users/1", "/subscriptions/1", "/gifts/1", "/jobs/1", "/metrics"] {
        talk.get(path).await?;
    }
    let unknown = format!("Bearer sck_zzzzzzzz_{}", "A".repeat(43));
    for header in ["", "Bearer x", "Basic x", &unknown] {
        let request = talk.request(Method::GET, "/users/1").header("authorization", header);
        talk.send(request).await?;
    }
    talk.remark("with one that is revoked");
    let key = stack.create_key("shop", "admin")?;
    stack.api_command(&["keys", "revoke", key.get(4..12).unwrap_or_default()])?;
    let nobody = stack.client()?;
    talk.speaker(nobody.with_api_key(&key));
    talk.get("/users/1").await?;
    talk.remark("these need none");
    talk.speaker(nobody);
    talk.get("/health").await?;
    talk.get("/nope").await?;
    talk.end(stack, "access_without_a_key").await
}

#[tokio::test]
async fn scopes() -> Result<()> {
    let stack = locked().await?;
    let client = stack.client()?;
    let mut talk = Conversation::with(client.clone());
    for scope in ["read", "write"] {
        talk.remark(&format!("with a key of scope {scope}"));
        talk.speaker(client.with_api_key(&stack.create_key("shop", scope)?));
        for path in ["/users", "/subscribe", "/renew", "/cancel", "/gift", "/gift/redeem"] {
            talk.post_as("k", path, "{}").await?;
        }
        talk.get("/users/1").await?;
        talk.get("/metrics").await?;
    }
    talk.remark("with a key of scope admin");
    talk.speaker(client.with_api_key(&stack.create_key("shop", "admin")?));
    talk.get("/metrics").await?;
    talk.remark("with a key of the operator");
    let operator = client.with_api_key(&stack.create_operator_key()?);
    metrics::write_shape(&mut talk, operator.get("/metrics").await?);
    talk.end(stack, "access_scopes").await
}

#[tokio::test]
async fn what_belongs_to_somebody_else() -> Result<()> {
    let stack = locked().await?;
    let client = stack.client()?;
    let mut talk = Conversation::with(client.with_api_key(&stack.create_key("shop", "write")?));
    talk.post_as("k1", "/users", USER).await?;
    talk.post_as("k2", "/subscribe", r#"{"user_id":1,"plan":"monthly"}"#).await?;
    let gift = r#"{"gifter_id":1,"recipient_email":"ada@example.com"}"#;
    talk.post_as("k3", "/gift", gift).await?;
    let refused = talk.post_as("k4", "/cancel", r#"{"subscription_id":9}"#).await?;
    let job = location(&refused)?;
    talk.get(&job).await?;

    talk.remark("another client, whose keys and emails are its own");
    talk.speaker(client.with_api_key(&stack.create_key("other", "write")?));
    for path in ["/users/1", "/subscriptions/1", "/gifts/1", &job] {
        talk.get(path).await?;
    }
    talk.post_as("k1", "/subscribe", r#"{"user_id":1,"plan":"monthly"}"#).await?;
    talk.post_as("k2", "/renew", r#"{"subscription_id":1}"#).await?;
    talk.post_as("k3", "/gift/redeem", r#"{"gift_id":1,"user_id":1}"#).await?;
    talk.post_as("k4", "/users", USER).await?;
    talk.end(stack, "access_of_others").await
}
