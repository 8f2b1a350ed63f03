//! Many at once, over several processes.

use crate::stack::Stack;
use anyhow::Result;
use e2e::{WithDatabase, concurrently, fresh_key, text_of};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(40);

#[tokio::test]
async fn two_hundred_twins_over_two_apis_leave_one_row_and_get_one_answer() -> Result<()> {
    let stack = Stack::builder().apis(2).workers(2).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let user = clients[0].create_user("ada@example.com").await?;
    let before = stack.count("SELECT count(*) FROM transactions").await?;

    let body = json!({"user_id": user, "plan": "monthly", "duration_months": 3});
    let answers = concurrently(200, 200, move |index| {
        let (client, body) = (clients[index % 2].clone(), body.clone());
        async move { client.post("/subscribe", "twin", &body).await }
    })
    .await?;

    let distinct: BTreeSet<_> = answers.iter().map(|a| (a.status, a.body.clone())).collect();
    assert_eq!(distinct.len(), 1, "{}", answers[0]);
    answers[0].json(201)?;
    let originals = answers.iter().filter(|answer| !answer.replayed()).count();
    assert_eq!(originals, 1, "one of them enqueued, all others joined");
    assert_eq!(stack.count("SELECT count(*) FROM transactions").await?, before + 1);
    assert_eq!(stack.count("SELECT count(*) FROM subscriptions").await?, 1);
    stack.done().await
}

#[tokio::test]
async fn of_many_subscribes_of_a_user_at_once_one_wins() -> Result<()> {
    let stack = Stack::builder().apis(2).workers(3).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let mut users = Vec::new();
    for index in 0..4 {
        users.push(clients[0].create_user(&format!("user{index}@example.com")).await?);
    }
    let answers = concurrently(100, 100, move |index| {
        let client = clients[index % 2].clone();
        let body = json!({"user_id": users[index % 4], "plan": "monthly"});
        async move { client.post("/subscribe", &fresh_key(), &body).await }
    })
    .await?;
    let won = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(won, 4);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refusal(409, "already_subscribed")?;
    }
    assert_eq!(stack.count("SELECT count(*) FROM subscriptions").await?, 4);
    stack.done().await
}

#[tokio::test]
async fn of_many_redemptions_of_a_gift_at_once_one_wins() -> Result<()> {
    let stack = Stack::builder().apis(2).workers(3).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let ada = clients[0].create_user("ada@example.com").await?;
    let bob = clients[0].create_user("bob@example.com").await?;
    let gift = clients[0].give(ada, "bob@example.com", 5).await?["id"].clone();

    let lanes = clients.clone();
    let answers = concurrently(50, 50, move |index| {
        let (client, gift) = (lanes[index % 2].clone(), gift.clone());
        async move { client.redeem(&gift, bob).await }
    })
    .await?;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refusal(409, "gift_already_redeemed")?;
    }
    let subscription = clients[0].latest_subscription(bob).await?;
    let (start, end) = (text_of(&subscription, "start_date")?, text_of(&subscription, "end_date")?);
    assert!(stack.is_months_after(start, 5, end).await?, "{subscription}");
    stack.done().await
}

#[tokio::test]
async fn every_gift_and_renewal_of_a_user_counts_however_they_meet() -> Result<()> {
    let stack = Stack::builder().apis(2).workers(3).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let ada = clients[0].create_user("ada@example.com").await?;
    let bob = clients[0].create_user("bob@example.com").await?;
    let subscription = clients[0].subscribe(bob, 1).await?["id"].clone();
    let giver = clients[0].clone();
    let gifts: Vec<Value> = concurrently(20, 20, move |_| {
        let client = giver.clone();
        async move { Ok(client.give(ada, "bob@example.com", 2).await?["id"].clone()) }
    })
    .await?;

    let lanes = clients.clone();
    let answers = concurrently(40, 40, move |index| {
        let client = lanes[index % 2].clone();
        let (gift, subscription) = (gifts[index / 2].clone(), subscription.clone());
        async move {
            if index % 2 == 0 {
                return client.redeem(&gift, bob).await;
            }
            let body = json!({"subscription_id": subscription, "duration_months": 1});
            client.post("/renew", &fresh_key(), &body).await
        }
    })
    .await?;
    for answer in &answers {
        answer.json(200)?;
    }
    let subscription = clients[0].latest_subscription(bob).await?;
    let (start, end) = (text_of(&subscription, "start_date")?, text_of(&subscription, "end_date")?);
    assert!(stack.is_months_after(start, 1 + 20 * 2 + 20, end).await?, "{subscription}");
    stack.done().await
}

#[tokio::test]
async fn of_many_users_with_one_email_one_is_made() -> Result<()> {
    let stack = Stack::builder().apis(2).workers(3).start().await?;
    let clients = [stack.client()?, stack.client_of(1)?];
    let answers = concurrently(60, 60, move |index| {
        let client = clients[index % 2].clone();
        let email = if index % 3 == 0 { "Ada@Example.com" } else { "ada@example.com" };
        async move { client.post("/users", &fresh_key(), &json!({"email": email})).await }
    })
    .await?;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.refusal(409, "email_taken")?;
    }
    stack.done().await
}

#[tokio::test]
async fn commands_of_a_user_are_decided_in_the_order_of_their_submission() -> Result<()> {
    let mut stack = Stack::start().await?;
    let client = stack.client()?;
    let mut users = Vec::new();
    for index in 0..30 {
        users.push(client.create_user(&format!("user{index}@example.com")).await?);
    }
    stack.worker(0)?.stop().await?;
    let mut jobs = Vec::new();
    for user in users {
        for plan in ["yearly", "monthly", "yearly"] {
            let body = json!({"user_id": user, "plan": plan});
            jobs.push(client.submit("/subscribe", &fresh_key(), &body).await?);
        }
    }
    stack.start_worker().await?;
    for (index, id) in jobs.iter().enumerate() {
        let job = client.finished_job(id, SOON).await?;
        let wanted = if index % 3 == 0 { "succeeded" } else { "failed" };
        assert_eq!(job["status"], wanted, "{index}: {job}");
    }
    stack.done().await
}
