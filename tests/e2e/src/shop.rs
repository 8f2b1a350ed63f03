//! The everyday requests of a shop, for tests whose point lies elsewhere.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    answer::Answer,
    client::{Client, fresh_key},
    eventually,
    shape::{integer_of, text_of},
};

impl Client {
    /// Creates a user and gives its id.
    pub async fn create_user(&self, email: &str) -> Result<i64> {
        let answer = self.post("/users", &fresh_key(), &json!({"email": email})).await?;
        integer_of(&answer.json(201)?, "id")
    }

    /// Subscribes a user to the monthly plan for some months and gives the subscription.
    pub async fn subscribe(&self, user_id: i64, months: u32) -> Result<Value> {
        let body = json!({"user_id": user_id, "plan": "monthly", "duration_months": months});
        self.post("/subscribe", &fresh_key(), &body).await?.json(201)
    }

    /// Gives a gift and gives its representation.
    pub async fn give(&self, gifter_id: i64, email: &str, months: u32) -> Result<Value> {
        let body =
            json!({"gifter_id": gifter_id, "recipient_email": email, "duration_months": months});
        self.post("/gift", &fresh_key(), &body).await?.json(201)
    }

    /// Tries to redeem a gift, under a fresh key.
    pub async fn redeem(&self, gift_id: &Value, user_id: i64) -> Result<Answer> {
        let body = json!({"gift_id": gift_id, "user_id": user_id});
        self.post("/gift/redeem", &fresh_key(), &body).await
    }

    /// The first of a user's subscriptions, as they are listed.
    pub async fn latest_subscription(&self, user_id: i64) -> Result<Value> {
        let list = self.get(&format!("/subscriptions/{user_id}")).await?.json(200)?;
        list.pointer("/subscriptions/0").cloned().with_context(|| format!("none: {list}"))
    }

    /// Submits without waiting and gives the id of the job.
    pub async fn submit(&self, path: &str, key: &str, body: &Value) -> Result<String> {
        let answer = self.post_preferring("respond-async", path, key, body).await?;
        let job = answer.json(202)?;
        Ok(text_of(&job, "id")?.to_owned())
    }

    /// A job as it is now.
    pub async fn job(&self, id: &str) -> Result<Value> {
        self.get(&format!("/jobs/{id}")).await?.json(200)
    }

    /// Waits until a job has `succeeded`, `failed` or `dead`, and gives it.
    pub async fn finished_job(&self, id: &str, within: Duration) -> Result<Value> {
        eventually(&format!("job {id} is finished"), within, async || {
            let job = self.job(id).await?;
            let status = text_of(&job, "status")?;
            Ok(["succeeded", "failed", "dead"].contains(&status).then_some(job))
        })
        .await
    }
}
