//! What costs something: payment methods, charges and what comes of them.

use crate::stack::Stack;
use crate::till::{SOON, Till, books};
use anyhow::Result;
use e2e::{WithDatabase, eventually_true, fresh_key, integer_of, text_of};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[tokio::test]
async fn a_plan_with_a_price_is_charged_once_and_the_books_say_so() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let (key, body) = (fresh_key(), json!({"user_id": user, "plan": "silver"}));
    let first = till.client.post("/subscribe", &key, &body).await?;
    let bought = first.json(201)?;
    assert_eq!((&bought["status"], &bought["trial_used"]), (&json!("active"), &Value::Null));
    let payment = &bought["payment"];
    let sums = ["amount", "cash", "credit", "refunded"].map(|name| &payment[name]);
    assert_eq!(sums, [&json!(1000), &json!(1000), &json!(0), &json!(0)]);
    let words = ["status", "purpose", "currency"].map(|name| &payment[name]);
    assert_eq!(words, [&json!("succeeded"), &json!("subscribe"), &json!("USD")]);
    assert_eq!((&payment["user_id"], &payment["subscription_id"]), (&json!(user), &bought["id"]));
    let none = ["gift_id", "decline_code", "action_url", "expires_at"].map(|name| &payment[name]);
    assert_eq!(none, [&Value::Null; 4]);
    till.client.post("/subscribe", &key, &body).await?.ensure_replay_of(&first)?;

    assert_eq!(till.subscription(&bought["id"]).await?, bought);
    assert_eq!(till.get(&format!("/payments/{}", payment["id"])).await?, *payment);
    assert_eq!(till.payments(user).await?, std::slice::from_ref(payment));
    assert_eq!(till.balances().await?, books([("cash", 1000), ("deferred", 1000)]));
    let charged = "SELECT count(*) FROM simulated_charges WHERE status = 'succeeded'";
    assert_eq!(till.stack.count(charged).await?, 1);

    // 1000 for a month, and three months cost three times as much.
    let renewal = json!({"subscription_id": bought["id"], "duration_months": 3});
    let renewed = till.post("/renew", &renewal).await?.json(200)?;
    let payment = &renewed["payment"];
    assert_eq!((&payment["amount"], &payment["purpose"]), (&json!(3000), &json!("renew")));
    let (start, end) = (text_of(&renewed, "start_date")?, text_of(&renewed, "end_date")?);
    assert!(till.stack.is_months_after(start, 4, end).await?);
    assert_eq!(till.balances().await?, books([("cash", 4000), ("deferred", 4000)]));
    till.done().await
}

#[tokio::test]
async fn what_is_declined_is_not_had_and_another_method_may_do() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.client.create_user("ada@a.org").await?;
    till.subscribe(user, "silver").await?.refusal(402, "payment_method_required")?;
    for (token, code) in [
        ("sim_declined", "generic_decline"),
        ("sim_insufficient_funds", "insufficient_funds"),
        ("sim_hard_declined", "stolen_card"),
    ] {
        till.pay_by(user, token).await?;
        let refused = till.subscribe(user, "silver").await?.refusal(402, "payment_declined")?;
        let payment = &refused["payment"];
        assert_eq!(refused["decline_code"], code);
        assert_eq!(
            (&payment["status"], &payment["decline_code"]),
            (&json!("declined"), &json!(code))
        );
        let unpaid = till.client.latest_subscription(user).await?;
        assert_eq!((&unpaid["status"], &unpaid["start_date"]), (&json!("expired"), &Value::Null));
    }
    assert_eq!(till.balances().await?, books([]));
    let shown = till.get(&format!("/users/{user}/entitlement")).await?;
    assert_eq!((&shown["entitled"], &shown["status"]), (&json!(false), &json!("expired")));
    till.pay_by(user, "sim_ok").await?;
    let bought = till.subscribe(user, "silver").await?.json(201)?;
    assert_eq!(
        till.payment_statuses(user).await?,
        ["declined", "declined", "declined", "succeeded"]
    );

    // A renewal that is declined leaves what is there.
    till.pay_by(user, "sim_declined").await?;
    let renewal = json!({"subscription_id": bought["id"]});
    till.post("/renew", &renewal).await?.refusal(402, "payment_declined")?;
    let after = till.subscription(&bought["id"]).await?;
    assert_eq!((&after["status"], &after["end_date"]), (&json!("active"), &bought["end_date"]));
    let declined = till.get("/payments?status=declined&limit=3").await?;
    assert_eq!(
        (declined["payments"].as_array().map(Vec::len), &declined["has_more"]),
        (Some(3), &json!(true))
    );
    till.done().await
}

#[tokio::test]
async fn a_payment_that_has_to_be_confirmed_waits_for_its_user() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_action").await?;
    let pending = till.subscribe(user, "silver").await?.json(201)?;
    assert_eq!((&pending["status"], &pending["end_date"]), (&json!("pending"), &Value::Null));
    let payment = &pending["payment"];
    assert_eq!(payment["status"], "action_required");
    assert!(payment["expires_at"].is_string(), "{payment}");
    let url = text_of(payment, "action_url")?;
    let page = till.stack.client()?.get(url).await?;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("value=\"succeed\""), "{page}");
    assert_eq!(till.balances().await?, books([]));

    // A new try takes the place of the first.
    let second = till.subscribe(user, "silver").await?.json(201)?;
    assert_eq!(till.subscription(&pending["id"]).await?["status"], "expired");
    assert_eq!(till.payment_statuses(user).await?, ["cancelled", "action_required"]);
    let url = text_of(&second["payment"], "action_url")?;
    assert_eq!(till.act(url, "succeed").await?.json(200)?["status"], "succeeded");
    let active = till.until_status(&second["id"], "active").await?;
    let payment = &active["payment"];
    assert_eq!((&payment["status"], &payment["action_url"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(till.balances().await?, books([("cash", 1000), ("deferred", 1000)]));
    // What was done once stays.
    assert_eq!(till.act(url, "fail").await?.json(200)?["status"], "succeeded");

    let other = till.user_with("bea@a.org", "sim_action").await?;
    let pending = till.subscribe(other, "silver").await?.json(201)?;
    till.act(text_of(&pending["payment"], "action_url")?, "fail").await?.json(200)?;
    let ended = till.until_status(&pending["id"], "expired").await?;
    assert_eq!(ended["payment"]["status"], "declined");

    // Without a provider that has the charge there is nothing to confirm.
    let unknown = format!("/simulated-provider/actions/{}", "0".repeat(64));
    till.act(&unknown, "succeed").await?.problem(404, "payment_not_found")?;
    till.act(&format!("{url}0"), "succeed").await?.problem(404, "payment_not_found")?;
    let wrong = till.act(url, "perhaps").await?;
    assert_eq!(wrong.invalid_fields()?, ["outcome"]);
    till.done().await
}

#[tokio::test]
async fn a_renewal_that_has_to_be_confirmed_changes_nothing_until_then() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let bought = till.subscribe(user, "silver").await?.json(201)?;
    till.pay_by(user, "sim_action").await?;
    let renewal = json!({"subscription_id": bought["id"]});
    let refused = till.post("/renew", &renewal).await?.refusal(402, "payment_action_required")?;
    let payment = &refused["payment"];
    assert_eq!(refused["action_url"], payment["action_url"]);
    assert_eq!(
        (&payment["status"], &payment["purpose"]),
        (&json!("action_required"), &json!("renew"))
    );
    assert_eq!(till.subscription(&bought["id"]).await?["end_date"], bought["end_date"]);
    till.act(text_of(payment, "action_url")?, "succeed").await?.json(200)?;
    let start = text_of(&bought, "start_date")?.to_owned();
    eventually_true("it is renewed", SOON, async || {
        let now = till.subscription(&bought["id"]).await?;
        till.stack.is_months_after(&start, 2, text_of(&now, "end_date")?).await
    })
    .await?;
    assert_eq!(till.balances().await?, books([("cash", 2000), ("deferred", 2000)]));
    till.done().await
}

#[tokio::test]
async fn while_a_provider_is_silent_the_job_goes_on_and_nothing_else_is_begun() -> Result<()> {
    let builder = Stack::builder().api("PAYMENTS", "simulated").api("PAYMENT_WAIT_MS", 1_000);
    let builder = builder.api("RESPONSE_WAIT_MS", 1_000);
    let stack = builder.worker("PAYMENTS", "simulated").start().await?;
    let till = Till { client: stack.client()?, stack };
    till.sell("silver", 1000, 0).await?;
    let (user, body) = (till.client.create_user("ada@a.org").await?, fresh_key());
    let method = json!({"user_id": user, "token": "sim_slow_4000"});
    let job = till.client.submit("/payment-methods", &body, &method).await?;
    till.client.finished_job(&job, SOON).await?;

    let (key, body) = (fresh_key(), json!({"user_id": user, "plan": "silver"}));
    let accepted = till.client.post("/subscribe", &key, &body).await?.json(202)?;
    assert_eq!(accepted["status"], "running");
    let id = text_of(&accepted, "id")?;
    let pending = till.client.latest_subscription(user).await?;
    assert_eq!(
        (&pending["status"], &pending["payment"]["status"]),
        (&json!("pending"), &json!("processing"))
    );
    let second = till.client.submit("/subscribe", &fresh_key(), &body).await?;
    let refused = till.client.finished_job(&second, SOON).await?;
    let error = &refused["error"];
    assert_eq!(error["code"], "payment_in_progress");
    assert_eq!(error["payment_id"], pending["payment"]["id"]);
    assert_eq!(till.client.job(id).await?["status"], "running");

    let done = till.client.finished_job(id, SOON).await?;
    assert_eq!(
        (&done["status"], &done["result"]["status"]),
        (&json!("succeeded"), &json!("active"))
    );
    assert_eq!(done["result"]["payment"]["status"], "succeeded");
    let replay = till.client.post("/subscribe", &key, &body).await?;
    assert!(replay.replayed(), "{replay}");
    assert_eq!(replay.json(201)?, done["result"]);
    let charged = "SELECT count(*) FROM simulated_charges";
    assert_eq!(till.stack.count(charged).await?, 1);
    till.done().await
}

#[tokio::test]
async fn methods_are_listed_chosen_and_taken_away() -> Result<()> {
    let till = Till::live().await?;
    let body = json!({"email": "ada@a.org", "external_id": "c-1"});
    let user = integer_of(&till.post("/users", &body).await?.json(201)?, "id")?;
    let body = json!({"external_id": "c-1", "token": "sim_ok"});
    let first = till.post("/payment-methods", &body).await?.json(201)?;
    assert_eq!((&first["is_default"], &first["user_id"]), (&json!(true), &json!(user)));
    assert_eq!(text_of(&first, "last4")?.len(), 4);
    let second = till.add_method(user, "sim_ok").await?;
    let defaults = async |query: String| -> Result<Vec<(i64, bool)>> {
        let page = till.get(&format!("/payment-methods?{query}")).await?;
        let rows = page["payment_methods"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| Ok((integer_of(row, "id")?, row["is_default"] == true))).collect()
    };
    let first = integer_of(&first, "id")?;
    assert_eq!(defaults(format!("user_id={user}")).await?, [(second, false), (first, true)]);
    assert_eq!(defaults("external_id=c-1&limit=1".to_owned()).await?, [(second, false)]);
    let body = json!({"payment_method_id": second});
    let chosen = till.post("/payment-methods/default", &body).await?.json(200)?;
    assert_eq!((&chosen["id"], &chosen["is_default"]), (&json!(second), &json!(true)));
    assert_eq!(defaults(format!("user_id={user}")).await?, [(second, true), (first, false)]);
    let taken = till.post("/payment-methods/detach", &body).await?.json(200)?;
    assert_eq!((&taken["id"], &taken["is_default"]), (&json!(second), &json!(false)));
    assert_eq!(defaults(format!("user_id={user}")).await?, [(first, false)]);

    let refused = json!({"user_id": user, "token": "sim_attach_declined"});
    till.post("/payment-methods", &refused).await?.refusal(402, "payment_method_declined")?;
    for path in ["/payment-methods/default", "/payment-methods/detach"] {
        let unknown = json!({"payment_method_id": 999_999});
        till.post(path, &unknown).await?.refusal(404, "payment_method_not_found")?;
        till.post(path, &body).await?.refusal(404, "payment_method_not_found")?;
    }
    till.client.get("/payment-methods").await?.problem(400, "invalid_request")?;
    till.client.get("/payment-methods?user_id=x").await?.problem(400, "invalid_request")?;
    till.client.get("/payment-methods?user_id=999999").await?.problem(404, "user_not_found")?;
    for path in ["/payments/999999", "/payments/x"] {
        till.client.get(path).await?.problem(404, "payment_not_found")?;
    }
    for query in ["status=paid", "user_id=x", "limit=0", "starting_after=x"] {
        till.client.get(&format!("/payments?{query}")).await?.problem(400, "invalid_request")?;
    }
    till.done().await
}

#[tokio::test]
async fn without_a_provider_only_what_costs_nothing_is_sold() -> Result<()> {
    let stack = Stack::start().await?;
    let till = Till { client: stack.client()?, stack };
    till.sell("silver", 1000, 0).await?;
    till.sell("gold", 2000, 14).await?;
    let user = till.client.create_user("ada@a.org").await?;
    for plan in ["silver", "gold"] {
        till.subscribe(user, plan).await?.refusal(422, "payments_disabled")?;
    }
    let body = json!({"user_id": user, "token": "sim_ok"});
    till.post("/payment-methods", &body).await?.refusal(422, "payments_disabled")?;
    assert_eq!(till.subscribe(user, "monthly").await?.json(201)?["payment"], Value::Null);
    till.done().await
}

#[tokio::test]
async fn a_gift_is_paid_before_it_can_be_redeemed() -> Result<()> {
    let till = Till::live().await?;
    till.sell("silver", 1000, 0).await?;
    let ada = till.user_with("ada@a.org", "sim_ok").await?;
    let bea = till.client.create_user("bea@a.org").await?;
    let body = json!({"gifter_id": ada, "recipient_email": "bea@a.org", "plan": "silver",
                      "duration_months": 2});
    let gift = till.post("/gift", &body).await?.json(201)?;
    assert_eq!((&gift["status"], &gift["payment"]["amount"]), (&json!("pending"), &json!(2000)));
    assert_eq!(gift["payment"]["gift_id"], gift["id"]);
    assert_eq!(till.get(&format!("/gifts/{}", gift["id"])).await?, gift);
    let account = format!("gifts:{}", gift["id"]);
    assert_eq!(till.balances().await?, books([("cash", 2000), (&account, 2000)]));
    let redeemed = till.client.redeem(&gift["id"], bea).await?.json(200)?;
    assert_eq!(redeemed["queued"], false);
    assert_eq!(till.balances().await?, books([("cash", 2000), ("deferred", 2000)]));
    assert!(till.payments(bea).await?.is_empty());

    till.pay_by(ada, "sim_action").await?;
    let gift = till.post("/gift", &body).await?.json(201)?;
    assert_eq!(gift["status"], "incomplete");
    let early = till.client.redeem(&gift["id"], bea).await?;
    assert!((400..500).contains(&early.status), "{early}");
    till.act(text_of(&gift["payment"], "action_url")?, "succeed").await?.json(200)?;
    let path = format!("/gifts/{}", gift["id"]);
    eventually_true("it is paid", SOON, async || Ok(till.get(&path).await?["status"] == "pending"))
        .await?;
    till.client.redeem(&gift["id"], bea).await?.json(200)?;
    assert_eq!(till.balances().await?, books([("cash", 4000), ("deferred", 4000)]));
    till.done().await
}

#[tokio::test]
async fn a_webhook_is_taken_only_with_a_good_signature_and_once() -> Result<()> {
    const SECRET: &str = "sim-secret";
    let builder = Stack::builder().api("PAYMENTS", "simulated");
    let builder = builder.api("SIMULATED_WEBHOOK_SECRET", SECRET);
    let stack = builder.worker("PAYMENTS", "simulated").start().await?;
    let till = Till { client: stack.client()?, stack };
    let path = "/provider-webhooks/simulated";
    let event =
        |kind: &str| json!({"id": "evt_1", "type": kind, "data": {"object": {}}}).to_string();
    let send = async |body: &str, signature: Option<String>| {
        let mut request = till.client.request(Method::POST, path).body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        till.client.send(request).await
    };
    let known = event("refund.updated");
    let sign = async |secret: &str, age: i64, body: &str| -> Result<String> {
        let query = "SELECT 't=' || at || ',v1='
                            || encode(hmac_sha256($1, at || '.' || $2), 'hex') \
                     FROM (SELECT (extract(epoch FROM now())::bigint - $3)::text AS at) AS one";
        let query = sqlx::query_scalar(query).bind(secret).bind(body).bind(age);
        Ok(query.fetch_one(till.stack.db()).await?)
    };
    sqlx::raw_sql(HMAC).execute(till.stack.db()).await?;
    for signature in [
        None,
        Some("t=1,v1=00".to_owned()),
        Some(sign("another", 0, &known).await?),
        Some(sign(SECRET, 310, &known).await?),
        Some(sign(SECRET, 0, "{}").await?),
    ] {
        send(&known, signature).await?.problem(400, "webhook_signature_invalid")?;
    }
    let kept = "SELECT count(*) FROM provider_inbox";
    assert_eq!(till.stack.count(kept).await?, 0);
    for _ in 0..2 {
        let signature = sign(SECRET, 0, &known).await?;
        assert_eq!(send(&known, Some(signature)).await?.json(200)?, json!({"received": true}));
    }
    assert_eq!(till.stack.count(kept).await?, 1);
    for body in [event("customer.created"), event("payment_intent.created")] {
        let signature = sign(SECRET, 290, &body).await?;
        send(&body, Some(signature)).await?.json(200)?;
    }
    assert_eq!(till.stack.count(kept).await?, 1);
    let signature = sign(SECRET, 0, "[]").await?;
    send("[]", Some(signature)).await?.problem(400, "malformed_json")?;
    // No secret of Stripe is set.
    let stripe = till.client.request(Method::POST, "/provider-webhooks/stripe").body(known.clone());
    let stripe = stripe.header("stripe-signature", sign(SECRET, 0, &known).await?);
    till.client.send(stripe).await?.problem(400, "webhook_signature_invalid")?;
    till.done().await
}

#[tokio::test]
async fn a_dispute_is_told_by_a_signed_webhook() -> Result<()> {
    const SECRET: &str = "sim-secret";
    let builder = Stack::builder().api("PAYMENTS", "simulated");
    let builder = builder.api("SIMULATED_WEBHOOK_SECRET", SECRET);
    let stack = builder.worker("PAYMENTS", "simulated").start().await?;
    let till = Till { client: stack.client()?, stack };
    sqlx::raw_sql(HMAC).execute(till.stack.db()).await?;
    till.sell("silver", 1000, 0).await?;
    let user = till.user_with("ada@a.org", "sim_ok").await?;
    let bought = till.subscribe(user, "silver").await?.json(201)?;
    let payment = &bought["payment"];
    let send_event = async |event: &str, kind: &str, status: &str| {
        let client: i64 =
            sqlx::query_scalar("SELECT client_id FROM payments").fetch_one(till.stack.db()).await?;
        let metadata =
            json!({"client_id": client.to_string(), "payment_id": payment["id"].to_string()});
        let dispute = json!({"id": "dp_1", "object": "dispute", "amount": 1000, "currency": "usd",
                             "status": status, "charge": "ch_1", "metadata": metadata});
        let body = json!({"id": event, "type": kind, "data": {"object": dispute}}).to_string();
        let query = "SELECT 't=' || at || ',v1='
                            || encode(hmac_sha256($1, at || '.' || $2), 'hex') \
                     FROM (SELECT extract(epoch FROM now())::bigint::text AS at) AS one";
        let sign = sqlx::query_scalar(query).bind(SECRET).bind(&body);
        let signature: String = sign.fetch_one(till.stack.db()).await?;
        let path = "/provider-webhooks/simulated";
        let request = till.client.request(Method::POST, path).body(body);
        let told = till.client.send(request.header("stripe-signature", signature)).await?;
        assert_eq!(told.json(200)?, json!({"received": true}));
        anyhow::Ok(())
    };
    let until = async |balances: BTreeMap<String, i64>| {
        let probe = async || Ok(till.balances().await? == balances);
        eventually_true("the books say so", SOON, probe).await
    };

    send_event("evt_1", "charge.dispute.created", "needs_response").await?;
    until(books([("disputes", 1000), ("deferred", 1000)])).await?;
    let refund = json!({"payment_id": payment["id"]});
    till.post("/refund", &refund).await?.refusal(409, "payment_disputed")?;
    assert_eq!(till.subscription(&bought["id"]).await?["status"], "active");
    // Nothing more is known of it where clients look.
    assert_eq!(till.get(&format!("/payments/{}", payment["id"])).await?, *payment);

    send_event("evt_2", "charge.dispute.closed", "lost").await?;
    until(books([("chargebacks", 1000), ("revenue", 1000)])).await?;
    assert_eq!(till.subscription(&bought["id"]).await?["status"], "expired");
    assert_eq!(till.get(&format!("/users/{user}/entitlement")).await?["entitled"], false);
    till.post("/refund", &refund).await?.refusal(409, "payment_not_refundable")?;
    till.done().await
}

/// HMAC-SHA256 as RFC 2104 has it, for keys of at most 64 bytes.
const HMAC: &str = r"
CREATE FUNCTION hmac_sha256(key text, content text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    padded bytea := convert_to(key, 'UTF8') || decode(repeat('00', 64 - octet_length(key)), 'hex');
    inner_pad bytea := padded;
    outer_pad bytea := padded;
BEGIN
    FOR place IN 0..63 LOOP
        inner_pad := set_byte(inner_pad, place, get_byte(padded, place) # 54);
        outer_pad := set_byte(outer_pad, place, get_byte(padded, place) # 92);
    END LOOP;
    RETURN sha256(outer_pad || sha256(inner_pad || convert_to(content, 'UTF8')));
END $$";

/// Test clients are beside everybody on a machine where things are tried out.
#[tokio::test]
async fn in_open_mode_a_key_is_that_of_its_client_and_without_one_all_are_local() -> Result<()> {
    let stack = Stack::start().await?;
    stack.create_test_client("demo", "2026-01-31T00:00:00Z").await?;
    let (everybody, key) = (stack.client()?, stack.create_key("demo", "write").await?);
    let demo = everybody.with_api_key(&key);
    assert_eq!(demo.get("/test-clock").await?.json(200)?["now"], "2026-01-31T00:00:00.000000Z");
    everybody.get("/test-clock").await?.problem(403, "not_a_test_client")?;
    let ada = demo.create_user("ada@a.org").await?;
    demo.get(&format!("/users/{ada}")).await?.json(200)?;
    everybody.get(&format!("/users/{ada}")).await?.problem(404, "user_not_found")?;
    demo.get("/ledger/balances").await?.problem(403, "insufficient_scope")?;
    everybody.get("/ledger/balances").await?.json(200)?;
    demo.get("/metrics").await?.problem(403, "insufficient_scope")?;
    // A key with a slip is nobody's, and what is no key does not count.
    let slip = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { 'B' } else { 'A' });
    everybody.with_api_key(&slip).get("/users").await?.problem(401, "unauthenticated")?;
    everybody.with_api_key("none").get("/users").await?.json(200)?;
    stack.done().await
}
