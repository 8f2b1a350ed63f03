//! A shop that sells for money, for tests of payments: a stack whose provider is the simulated one,
//! and a client of it.

use crate::stack::Stack;
use anyhow::{Context, Result, ensure};
use e2e::{Answer, Client, eventually_true, fresh_key, integer_of, text_of};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is done outside is done within this time.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A stack, and a client that may do everything.
pub(crate) struct Till {
    pub(crate) stack: Stack,
    pub(crate) client: Client,
}

impl Till {
    /// A live client, who is everybody.
    pub(crate) async fn live() -> Result<Self> {
        let builder = Stack::builder().api("PAYMENTS", "simulated");
        let stack = builder.worker("PAYMENTS", "simulated").start().await?;
        let client = stack.client()?;
        Ok(Self { stack, client })
    }

    /// A test client whose clock stands at that instant.
    pub(crate) async fn at(instant: &str) -> Result<Self> {
        let stack = Stack::builder().api("API_AUTH", "required").start().await?;
        stack.create_test_client("demo", instant).await?;
        let client = stack.client()?.with_api_key(&stack.create_key("demo", "admin").await?);
        Ok(Self { stack, client })
    }

    /// Sells a plan by the month that costs so much and has that many days of trial. Its tier is
    /// its code.
    pub(crate) async fn sell(&self, code: &str, amount: u32, trial_days: u32) -> Result<()> {
        let plan = json!({"name": code, "tier": code, "interval": "month", "features": [code],
                          "price": {"amount": amount, "currency": "USD"},
                          "trial_days": trial_days});
        self.put(code, &plan).await
    }

    /// Puts a plan.
    pub(crate) async fn put(&self, code: &str, plan: &Value) -> Result<()> {
        let put = self.client.request(Method::PUT, &format!("/plans/{code}")).json(plan);
        let answer = self.client.send(put).await?;
        ensure!([200, 201].contains(&answer.status), "{answer}");
        Ok(())
    }

    /// Makes a user who has a payment method of that token.
    pub(crate) async fn user_with(&self, email: &str, token: &str) -> Result<i64> {
        let user = self.client.create_user(email).await?;
        self.add_method(user, token).await?;
        Ok(user)
    }

    /// Sets up a payment method of a user and gives its id.
    pub(crate) async fn add_method(&self, user: i64, token: &str) -> Result<i64> {
        let body = json!({"user_id": user, "token": token});
        integer_of(&self.post("/payment-methods", &body).await?.json(201)?, "id")
    }

    /// Makes another payment method the default.
    pub(crate) async fn pay_by(&self, user: i64, token: &str) -> Result<()> {
        let body = json!({"payment_method_id": self.add_method(user, token).await?});
        self.post("/payment-methods/default", &body).await?.json(200)?;
        Ok(())
    }

    /// A submission with a key of its own.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.client.post(path, &fresh_key(), body).await
    }

    /// Subscribes a user to a plan.
    pub(crate) async fn subscribe(&self, user: i64, plan: &str) -> Result<Answer> {
        self.post("/subscribe", &json!({"user_id": user, "plan": plan})).await
    }

    /// Subscribes a user to a plan that is renewed by itself.
    pub(crate) async fn subscribe_for_good(&self, user: i64, plan: &str) -> Result<Value> {
        let body = json!({"user_id": user, "plan": plan, "auto_renew": true});
        self.post("/subscribe", &body).await?.json(201)
    }

    /// What a path shows.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.client.get(path).await?.json(200)
    }

    /// A subscription as it is now.
    pub(crate) async fn subscription(&self, id: &Value) -> Result<Value> {
        self.get(&format!("/subscription/{id}")).await
    }

    /// The payments of a user, the oldest first.
    pub(crate) async fn payments(&self, user: i64) -> Result<Vec<Value>> {
        let page = self.get(&format!("/payments?user_id={user}")).await?;
        let payments = page.get("payments").and_then(Value::as_array).context("a list")?;
        Ok(payments.iter().rev().cloned().collect())
    }

    /// The statuses of the payments of a user, the oldest first.
    pub(crate) async fn payment_statuses(&self, user: i64) -> Result<Vec<String>> {
        let payments = self.payments(user).await?;
        payments.iter().map(|payment| Ok(text_of(payment, "status")?.to_owned())).collect()
    }

    /// The balances of all accounts that are not 0.
    pub(crate) async fn balances(&self) -> Result<BTreeMap<String, i64>> {
        let shown = self.get("/ledger/balances").await?;
        let balances = shown.get("balances").and_then(Value::as_array).context("a list")?;
        let balance = |row: &Value| Ok((text_of(row, "account")?.to_owned(), amount(row)?));
        balances.iter().map(balance).collect()
    }

    /// What a user has to his credit.
    pub(crate) async fn credit(&self, user: i64) -> Result<i64> {
        let shown = self.get(&format!("/users/{user}/credit")).await?;
        shown.pointer("/balances/0").map_or(Ok(0), amount)
    }

    /// Lets the clock go on, and waits until it stands.
    pub(crate) async fn advance(&self, to: &str) -> Result<()> {
        let (key, body) = (fresh_key(), json!({"to": to}));
        let path = "/test-clock/advance";
        let answer = self.client.post_preferring("wait=30", path, &key, &body).await?;
        let stands = answer.json(200)?;
        ensure!(stands.get("stopped_by").is_none(), "{stands}");
        Ok(())
    }

    /// Waits until a subscription has that status, and gives it.
    pub(crate) async fn until_status(&self, id: &Value, status: &str) -> Result<Value> {
        eventually_true(&format!("it is {status}"), SOON, async || {
            Ok(self.subscription(id).await?.get("status") == Some(&json!(status)))
        })
        .await?;
        self.subscription(id).await
    }

    /// Has the user do something at the provider.
    pub(crate) async fn act(&self, action_url: &str, outcome: &str) -> Result<Answer> {
        // The user has no API key, and sends no other header of ours.
        let act = self.stack.client()?;
        let request = act.request(Method::POST, action_url).json(&json!({"outcome": outcome}));
        act.send(request).await
    }

    /// The test has said all.
    pub(crate) async fn done(self) -> Result<()> {
        self.stack.done().await
    }
}

/// The balances of these accounts.
pub(crate) fn books<const N: usize>(accounts: [(&str, i64); N]) -> BTreeMap<String, i64> {
    accounts.map(|(account, amount)| (account.to_owned(), amount)).into()
}

fn amount(row: &Value) -> Result<i64> {
    row.get("amount").and_then(Value::as_i64).context("an amount")
}
