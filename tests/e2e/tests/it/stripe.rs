//! Stripe: real HTTP, against localstripe behind a relay ([`e2e::stripe`]).

#![expect(clippy::indexing_slicing, reason = "what is not in an answer is null, as in tests")]

use anyhow::{Context, Result, ensure};
use e2e::stripe::{API_KEY, Mishap, Stripe, WEBHOOK_SECRET, signature};
use e2e::{Answer, Client, Stack, WithDatabase, eventually_true, fresh_key, integer_of, text_of};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(30);

const GOOD: &str = "4242424242424242";
const CANNOT_BE_SET_UP: &str = "4000000000000002";
const CANNOT_BE_CHARGED: &str = "4000000000000341";
const NEEDS_ITS_USER: &str = "4000002760003184";

/// A shop that is paid by Stripe, and sells `silver` for 10 dollars a month.
struct Shop {
    stack: Stack,
    client: Client,
    stripe: Stripe,
}

impl Shop {
    async fn open() -> Result<Self> {
        let stripe = Stripe::start().await?;
        let stack = Stack::builder()
            .api("PAYMENTS", "stripe")
            .api("STRIPE_WEBHOOK_SECRETS", format!("whsec_old,{WEBHOOK_SECRET}"))
            .worker("PAYMENTS", "stripe")
            .worker("STRIPE_API_KEY", API_KEY)
            .worker("STRIPE_API_BASE", stripe.relay.url())
            .worker("STRIPE_RETURN_URL", "https://shop.example/done")
            .start()
            .await?;
        let client = stack.client()?;
        let plan = json!({"name": "Silver", "tier": "silver", "interval": "month",
                          "price": {"amount": 1000, "currency": "USD"}});
        client.send(client.request(Method::PUT, "/plans/silver").json(&plan)).await?.json(201)?;
        Ok(Self { stack, client, stripe })
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.client.post(path, &fresh_key(), body).await
    }

    async fn get(&self, path: &str) -> Result<Value> {
        self.client.get(path).await?.json(200)
    }

    async fn add_method(&self, user: i64, token: &str) -> Result<Answer> {
        self.post("/payment-methods", &json!({"user_id": user, "token": token})).await
    }

    /// Makes a user who has that card.
    async fn user_with(&self, email: &str, number: &str) -> Result<i64> {
        let user = self.client.create_user(email).await?;
        self.add_method(user, &self.stripe.card(number).await?).await?.json(201)?;
        Ok(user)
    }

    async fn subscribe(&self, user: i64) -> Result<Answer> {
        self.post("/subscribe", &json!({"user_id": user, "plan": "silver"})).await
    }

    /// Has a user subscribe who needs to confirm that. Returns the subscription, and the payment
    /// intent that waits for him.
    async fn begin(&self, user: i64) -> Result<(Value, String)> {
        let pending = self.subscribe(user).await?.json(201)?;
        let payment = &pending["payment"];
        let states = (&pending["status"], &payment["status"]);
        ensure!(states == (&json!("pending"), &json!("action_required")), "{pending}");
        let url = text_of(payment, "action_url")?;
        let intent = url.rsplit('/').next().context("an intent")?.to_owned();
        Ok((pending, intent))
    }

    async fn until_status(&self, id: &Value, status: &str) -> Result<Value> {
        let path = format!("/subscription/{id}");
        eventually_true(&format!("it is {status}"), SOON, async || {
            Ok(self.get(&path).await?["status"] == status)
        })
        .await?;
        self.get(&path).await
    }

    async fn balances(&self) -> Result<BTreeMap<String, i64>> {
        let shown = self.get("/ledger/balances").await?;
        let rows = shown["balances"].as_array().context("a list")?.iter();
        rows.map(|row| Ok((text_of(row, "account")?.to_owned(), integer_of(row, "amount")?)))
            .collect()
    }

    /// Sends a webhook with that signature.
    async fn send(&self, body: &str, signature: Option<String>) -> Result<Answer> {
        let request = self.client.request(Method::POST, "/provider-webhooks/stripe");
        let request = request.body(body.to_owned());
        let request = match signature {
            Some(signature) => request.header("stripe-signature", signature),
            None => request,
        };
        self.client.send(request).await
    }

    /// Tells an event, signed by us as Stripe does, and waits until it was settled.
    async fn tell(&self, event: &Value) -> Result<()> {
        let body = event.to_string();
        self.send(&body, Some(signature(WEBHOOK_SECRET, 0, &body)?)).await?.json(200)?;
        self.until_settled().await
    }

    async fn until_settled(&self) -> Result<()> {
        eventually_true("the inbox is settled", SOON, async || {
            let open = "SELECT count(*) FROM provider_inbox WHERE payload IS NOT NULL";
            Ok(self.stack.count(open).await? == 0)
        })
        .await
    }

    /// Waits until nothing is to be done outside any more.
    async fn until_idle(&self) -> Result<()> {
        eventually_true("no effect is open", SOON, async || {
            Ok(self.stack.count("SELECT count(*) FROM effects").await? == 0)
        })
        .await
    }

    async fn done(self) -> Result<()> {
        self.until_idle().await?;
        self.stack.done().await?;
        self.stripe.done()
    }
}

fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({"id": id, "object": "event", "type": kind, "data": {"object": object}})
}

fn books<const N: usize>(accounts: [(&str, i64); N]) -> BTreeMap<String, i64> {
    accounts.map(|(account, amount)| (account.to_owned(), amount)).into()
}

#[tokio::test]
async fn a_card_is_charged_declined_paid_back_and_taken_away() -> Result<()> {
    let shop = Shop::open().await?;
    let ada = shop.user_with("ada@a.org", GOOD).await?;
    let (key, body) = (fresh_key(), json!({"user_id": ada, "plan": "silver"}));
    let first = shop.client.post("/subscribe", &key, &body).await?;
    let bought = first.json(201)?;
    let payment = &bought["payment"];
    assert_eq!((&bought["status"], &payment["status"]), (&json!("active"), &json!("succeeded")));
    shop.client.post("/subscribe", &key, &body).await?.ensure_replay_of(&first)?;
    assert_eq!(shop.stripe.taken(&payment["id"]).await?, [1000]);
    assert_eq!(shop.balances().await?, books([("cash", 1000), ("deferred", 1000)]));
    let [asked] = &shop.stripe.relay.asked("POST /v1/payment_intents")[..] else {
        panic!("it is sent once")
    };
    assert!(asked.form.contains("return_url=https%3A%2F%2Fshop.example%2Fdone"), "{asked:?}");

    let refund = json!({"payment_id": payment["id"], "amount": 400});
    let refund = shop.post("/refund", &refund).await?.json(201)?;
    assert_eq!(refund["status"], "succeeded");
    assert_eq!(shop.stripe.paid_back(&payment["id"]).await?, [400]);
    assert_eq!(shop.balances().await?, books([("cash", 600), ("deferred", 600)]));
    // A worker that never had the answer would look for it so, after 20 hours.
    let intents = shop.stripe.intents(&payment["id"]).await?;
    let [intent] = &intents[..] else { panic!("one intent: {intents:?}") };
    let path = format!("/v1/refunds?payment_intent={}&limit=100", text_of(intent, "id")?);
    let listed = shop.stripe.local.get(&path).await?;
    let found = &listed["data"][0]["metadata"];
    for (name, id) in [("payment_id", &payment["id"]), ("refund_id", &refund["id"])] {
        assert_eq!(found[name], id.to_string(), "{listed}");
    }

    // One that Stripe refuses to set up, and one that it sets up and does not charge.
    let token = shop.stripe.card(CANNOT_BE_SET_UP).await?;
    let refused = shop.add_method(ada, &token).await?.refusal(402, "payment_method_declined")?;
    assert_eq!(refused["decline_code"], "generic_decline");
    let bea = shop.user_with("bea@a.org", CANNOT_BE_CHARGED).await?;
    let refused = shop.subscribe(bea).await?.refusal(402, "payment_declined")?;
    assert_eq!(refused["decline_code"], "generic_decline");
    assert_eq!(shop.client.latest_subscription(bea).await?["status"], "expired");
    assert!(shop.stripe.taken(&refused["payment"]["id"]).await?.is_empty());
    assert_eq!(shop.balances().await?, books([("cash", 600), ("deferred", 600)]));

    // The same card twice: it is taken away at Stripe when none of the two is left.
    let token = shop.stripe.card(GOOD).await?;
    let mut methods = Vec::new();
    for _ in 0..2 {
        methods.push(shop.add_method(ada, &token).await?.json(201)?["id"].clone());
    }
    let path = format!("/v1/payment_methods/{token}");
    for (method, is_kept) in methods.iter().zip([true, false]) {
        let body = json!({"payment_method_id": method});
        shop.post("/payment-methods/detach", &body).await?.json(200)?;
        shop.until_idle().await?;
        let shown = shop.stripe.local.get(&path).await?;
        assert_eq!(shown["customer"].is_string(), is_kept, "{shown}");
    }
    assert_eq!(shop.stripe.relay.asked(&format!("POST {path}/detach")).len(), 1);
    shop.done().await
}

#[tokio::test]
async fn what_a_user_has_to_confirm_waits_for_him() -> Result<()> {
    let shop = Shop::open().await?;
    let ada = shop.user_with("ada@a.org", NEEDS_ITS_USER).await?;
    let (given_up, abandoned) = shop.begin(ada).await?;
    // A new try takes the place of the first, which is given up at Stripe.
    let (pending, intent) = shop.begin(ada).await?;
    shop.until_status(&given_up["id"], "expired").await?;
    shop.until_idle().await?;
    let path = format!("/v1/payment_intents/{abandoned}");
    assert_eq!(shop.stripe.local.get(&path).await?["status"], "canceled");
    assert_eq!(shop.balances().await?, books([]));

    // What localstripe tells, as it has signed it.
    let payment = &pending["payment"]["id"];
    shop.stripe.authenticate(&intent, true).await?;
    let told = shop.stripe.webhook("payment_intent.succeeded", payment).await?;
    assert_eq!(shop.get(&format!("/subscription/{}", pending["id"])).await?["status"], "pending");
    shop.send(&told.body, Some(told.signature.clone())).await?.json(200)?;
    let active = shop.until_status(&pending["id"], "active").await?;
    assert_eq!(active["payment"]["status"], "succeeded");
    assert_eq!(shop.stripe.taken(payment).await?, [1000]);
    assert_eq!(shop.balances().await?, books([("cash", 1000), ("deferred", 1000)]));

    // localstripe tells nobody of what failed. Stripe does.
    let bea = shop.user_with("bea@a.org", NEEDS_ITS_USER).await?;
    let (pending, intent) = shop.begin(bea).await?;
    let failed = shop.stripe.authenticate(&intent, false).await?;
    shop.tell(&event("evt_failed", "payment_intent.payment_failed", &failed)).await?;
    let ended = shop.until_status(&pending["id"], "expired").await?;
    assert_eq!(ended["payment"]["decline_code"], "authentication_required");
    assert_eq!(shop.balances().await?, books([("cash", 1000), ("deferred", 1000)]));
    shop.done().await
}

#[tokio::test]
async fn webhooks_come_in_any_order_and_twice_and_change_things_once() -> Result<()> {
    let shop = Shop::open().await?;
    // Before our own answer.
    let ada = shop.user_with("ada@a.org", GOOD).await?;
    shop.stripe.relay.next("/v1/payment_intents", Mishap::Late(Duration::from_secs(6)));
    let body = json!({"user_id": ada, "plan": "silver"});
    let job = shop.client.submit("/subscribe", &fresh_key(), &body).await?;
    eventually_true("it is begun", SOON, async || {
        Ok(shop.client.latest_subscription(ada).await?["status"] == "pending")
    })
    .await?;
    let pending = shop.client.latest_subscription(ada).await?;
    let payment = &pending["payment"]["id"];
    let told = shop.stripe.webhook("payment_intent.succeeded", payment).await?;
    shop.send(&told.body, Some(told.signature.clone())).await?.json(200)?;
    let done = shop.client.finished_job(&job, SOON).await?;
    assert_eq!(done["result"]["status"], "active");
    let open = shop.stack.count("SELECT count(*) FROM effects WHERE kind = 'charge'").await?;
    assert_eq!(open, 1, "the worker has no answer yet");

    // Again, and by other ids, with what happened before and after, the last first.
    let refund = json!({"payment_id": payment, "amount": 300});
    shop.post("/refund", &refund).await?.json(201)?;
    let after = books([("cash", 700), ("deferred", 700)]);
    assert_eq!(shop.balances().await?, after);
    let active = shop.get(&format!("/subscription/{}", pending["id"])).await?;
    let paid = &told.event["data"]["object"];
    let refunds = shop.stripe.local.list("/v1/refunds").await?;
    let [refunded] = &refunds[..] else { panic!("one refund: {refunds:?}") };
    for _ in 0..2 {
        shop.tell(&event("evt_5", "charge.refund.updated", refunded)).await?;
        shop.tell(&event("evt_4", "refund.updated", refunded)).await?;
        shop.tell(&event("evt_3", "refund.created", refunded)).await?;
        shop.tell(&event("evt_2", "payment_intent.succeeded", paid)).await?;
        shop.tell(&event("evt_1", "payment_intent.created", paid)).await?;
        shop.send(&told.body, Some(told.signature.clone())).await?.json(200)?;
    }
    let kept = "SELECT count(*) FROM provider_inbox";
    assert_eq!(shop.stack.count(kept).await?, 5, "one for each id, and none of unknown type");
    shop.until_idle().await?;
    assert_eq!(shop.get(&format!("/subscription/{}", pending["id"])).await?, active);
    assert_eq!(shop.balances().await?, after);
    assert_eq!(shop.stripe.taken(payment).await?, [1000]);

    late(&shop).await?;
    forged(&shop).await?;
    shop.done().await
}

/// What had failed for us and what succeeds, in either order.
async fn late(shop: &Shop) -> Result<()> {
    // It succeeds, and only then we hear that it had failed before.
    let bea = shop.user_with("bea@a.org", NEEDS_ITS_USER).await?;
    let (pending, intent) = shop.begin(bea).await?;
    let payment = &pending["payment"]["id"];
    let paid = shop.stripe.authenticate(&intent, true).await?;
    let mut failed = paid.clone();
    failed["status"] = json!("requires_payment_method");
    shop.tell(&event("evt_6", "payment_intent.succeeded", &paid)).await?;
    shop.tell(&event("evt_7", "payment_intent.payment_failed", &failed)).await?;
    shop.until_status(&pending["id"], "active").await?;
    assert_eq!(shop.balances().await?, books([("cash", 1700), ("deferred", 1700)]));
    assert!(shop.stripe.paid_back(payment).await?.is_empty());

    // It has failed, was sold to nobody, and succeeds all the same: the money is paid back.
    let cleo = shop.user_with("cleo@a.org", NEEDS_ITS_USER).await?;
    let (pending, intent) = shop.begin(cleo).await?;
    let payment = &pending["payment"]["id"];
    let paid = shop.stripe.authenticate(&intent, true).await?;
    let mut failed = paid.clone();
    failed["status"] = json!("requires_payment_method");
    shop.tell(&event("evt_8", "payment_intent.payment_failed", &failed)).await?;
    shop.until_status(&pending["id"], "expired").await?;
    for id in ["evt_9", "evt_10"] {
        shop.tell(&event(id, "payment_intent.succeeded", &paid)).await?;
    }
    shop.until_idle().await?;
    assert_eq!(shop.stripe.paid_back(payment).await?, [1000]);
    assert_eq!(shop.get(&format!("/subscription/{}", pending["id"])).await?["status"], "expired");
    assert_eq!(shop.balances().await?, books([("cash", 1700), ("deferred", 1700)]));
    Ok(())
}

/// What is not signed by our secret, or not now, is refused and changes nothing.
async fn forged(shop: &Shop) -> Result<()> {
    let dora = shop.user_with("dora@a.org", NEEDS_ITS_USER).await?;
    let (pending, intent) = shop.begin(dora).await?;
    let kept = shop.stack.count("SELECT count(*) FROM provider_inbox").await?;
    let mut paid = shop.stripe.local.get(&format!("/v1/payment_intents/{intent}")).await?;
    paid["status"] = json!("succeeded");
    let body = event("evt_forged", "payment_intent.succeeded", &paid).to_string();
    let other = body.replace("succeeded", "canceled");
    let good = signature(WEBHOOK_SECRET, 0, &body)?;
    for (body, signature) in [
        (&body, None),
        (&body, Some(String::new())),
        (&body, Some(signature("whsec_another", 0, &body)?)),
        (&body, Some(signature("", 0, &body)?)),
        (&body, Some(signature(WEBHOOK_SECRET, 310, &body)?)),
        (&body, Some(signature(WEBHOOK_SECRET, -310, &body)?)),
        (&body, Some(good.replace("v1=", "v0="))),
        (&other, Some(good)),
    ] {
        shop.send(body, signature).await?.problem(400, "webhook_signature_invalid")?;
    }
    assert_eq!(shop.stack.count("SELECT count(*) FROM provider_inbox").await?, kept);
    let path = format!("/subscription/{}", pending["id"]);
    assert_eq!(shop.get(&path).await?["status"], "pending");
    // Any secret of ours is good, while one is replaced.
    shop.stripe.authenticate(&intent, true).await?;
    shop.send(&body, Some(signature("whsec_old", 290, &body)?)).await?.json(200)?;
    shop.until_status(&pending["id"], "active").await?;
    Ok(())
}

#[tokio::test]
async fn money_moves_once_when_stripe_dies_in_the_middle_of_a_call() -> Result<()> {
    let shop = Shop::open().await?;
    let (ada, bea) =
        (shop.user_with("ada@a.org", GOOD).await?, shop.user_with("bea@a.org", GOOD).await?);
    // The answer is lost, and had again by the key, before anything else works.
    let charges = "/v1/payment_intents";
    shop.stripe.relay.next(charges, Mishap::Cut);
    let bought = shop.subscribe(ada).await?.json(201)?;
    assert_eq!(bought["status"], "active");
    let sent = shop.stripe.relay.asked(&format!("POST {charges}"));
    let [first, second] = &sent[..] else { panic!("sent twice: {sent:?}") };
    assert_eq!((&first.key, &first.form), (&second.key, &second.form));
    assert!(second.is_known);
    shop.stripe.local.resume().await?;
    let payment = &bought["payment"]["id"];
    assert_eq!(shop.stripe.taken(payment).await?, [1000]);
    assert_eq!(shop.stripe.intents(payment).await?.len(), 1);

    // The answer is 500 for ever. Its charge is found when it is looked for.
    shop.stripe.relay.next(charges, Mishap::Fails);
    let body = json!({"user_id": bea, "plan": "silver"});
    let key = fresh_key();
    let job = shop.client.submit("/subscribe", &key, &body).await?;
    shop.stripe.local.until_killed().await?;
    eventually_true("the payment is unknown", SOON, async || {
        let unknown = "SELECT count(*) FROM payments WHERE phase = 'unknown'";
        Ok(shop.stack.count(unknown).await? == 1)
    })
    .await?;
    shop.stripe.local.resume().await?;
    let done = shop.client.finished_job(&job, SOON).await?;
    assert_eq!(done["result"]["status"], "active", "{done}");
    let payment_of_bea = &done["result"]["payment"]["id"];
    assert_eq!(shop.stripe.intents(payment_of_bea).await?.len(), 1);
    assert_eq!(shop.stripe.relay.asked(&format!("POST {charges}")).len(), 4);
    assert!(!shop.stripe.relay.asked(&format!("GET {charges}?customer=")).is_empty());
    shop.client.post("/subscribe", &key, &body).await?.json(201)?;

    // A refund is sent again by its key until it is known.
    shop.stripe.relay.next("/v1/refunds", Mishap::Cut);
    let refund = json!({"payment_id": payment, "cancel": true});
    let job = shop.client.submit("/refund", &fresh_key(), &refund).await?;
    shop.stripe.local.until_killed().await?;
    shop.stripe.local.resume().await?;
    let done = shop.client.finished_job(&job, SOON).await?;
    assert_eq!(done["result"]["status"], "succeeded", "{done}");
    assert_eq!(shop.stripe.paid_back(payment).await?, [1000]);
    assert_eq!(shop.balances().await?, books([("cash", 1000), ("deferred", 1000)]));

    // A card that was being set up is set up once.
    shop.stripe.relay.next("/v1/customers", Mishap::Cut);
    let cleo = shop.client.create_user("cleo@a.org").await?;
    let body = json!({"user_id": cleo, "token": shop.stripe.card(GOOD).await?});
    let customers = shop.stripe.local.list("/v1/customers").await?.len();
    let job = shop.client.submit("/payment-methods", &fresh_key(), &body).await?;
    shop.stripe.local.until_killed().await?;
    shop.stripe.local.resume().await?;
    let done = shop.client.finished_job(&job, SOON).await?;
    assert_eq!(done["status"], "succeeded", "{done}");
    assert_eq!(shop.stripe.local.list("/v1/customers").await?.len(), customers + 1);
    shop.done().await
}
