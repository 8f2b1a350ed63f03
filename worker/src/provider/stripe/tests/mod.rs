//! What is sent to Stripe, and what its answers mean. The answers are from its documentation.

mod listing;

use super::Stripe;
use crate::provider::settings::ProviderSettings;
use crate::provider::{Call, Gateway, Reply};
use crate::tests::leaps::sample::provider_settings;
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use domain::{
    Charge, ChargeOutcome, ChargeProgress, ClientId, Currency, DeclineCode, DetachedMethod,
    MethodOutcome, PayBack, PaymentId, PaymentMethodId, Provider, RefundId, RefundOutcome,
    SetUpMethod, StopCharge, UserId,
};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

const CLIENT: ClientId = ClientId::new(3);

/// A server that gives the answers of a list, and keeps what it was asked.
struct Stub {
    stripe: Stripe,
    asked: Arc<Mutex<Vec<Asked>>>,
}

#[derive(Debug, Clone)]
struct Asked {
    line: String,
    headers: axum::http::HeaderMap,
    body: String,
}

impl Stub {
    async fn answering(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let answers: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new(answers.into_iter().collect()));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = asked.clone();
        let answer = move |request: Request| {
            let (answers, kept) = (answers.clone(), kept.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                kept.lock().unwrap().push(Asked {
                    line: format!("{} {}", parts.method, parts.uri),
                    headers: parts.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                });
                let (status, body) = answers.lock().unwrap().pop_front().unwrap();
                (StatusCode::from_u16(status).unwrap(), body.to_string())
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stripe_api_base = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let settings = ProviderSettings {
            stripe_api_key: Some("sk_test_1".into()),
            stripe_api_base,
            stripe_return_url: "https://shop.example/done".to_owned(),
            ..provider_settings()
        };
        Self { stripe: Stripe::new(&settings).unwrap().unwrap(), asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

fn charge(is_on_session: bool) -> Charge {
    Charge {
        payment: PaymentId::new(7),
        user: UserId::new(1),
        subscription: None,
        gift: None,
        provider: Provider::Stripe,
        amount: 1500,
        currency: Currency::parse("USD").unwrap(),
        method: "pm_1".to_owned(),
        customer: Some("cus_1".to_owned()),
        is_on_session,
        progress: ChargeProgress::default().sent("2026-06-15T12:00:00Z".parse().unwrap()),
    }
}

const fn call<T>(what: &T) -> Call<'_, T> {
    Call { client: CLIENT, what }
}

fn declined(code: &str, is_hard: bool) -> Reply<ChargeOutcome> {
    let decline = DeclineCode { code: code.to_owned(), is_hard };
    Reply::Said(ChargeOutcome::Declined { decline })
}

fn intent(id: &str, payment: &str, status: &str) -> Value {
    json!({ "id": id, "object": "payment_intent", "status": status, "created": 1_781_524_800,
            "metadata": { "client_id": "3", "payment_id": payment } })
}

fn list(data: &[Value], has_more: bool) -> Value {
    json!({ "object": "list", "data": data, "has_more": has_more })
}

async fn charged(status: u16, body: Value, is_on_session: bool) -> Reply<ChargeOutcome> {
    Stub::answering([(status, body)]).await.stripe.charge(call(&charge(is_on_session))).await
}

#[tokio::test]
async fn a_charge_is_an_intent_with_our_key_and_our_ids() {
    let stub = Stub::answering(vec![(200, intent("pi_1", "7", "succeeded")); 2]).await;
    for is_on_session in [true, false] {
        let said = stub.stripe.charge(call(&charge(is_on_session))).await;
        assert_eq!(said, Reply::Said(ChargeOutcome::Succeeded));
    }
    let asked = stub.asked();
    let key = Provider::charge_key(CLIENT, PaymentId::new(7));
    for (asked, rest) in
        asked.iter().zip(["return_url=https%3A%2F%2Fshop.example%2Fdone", "off_session=true"])
    {
        assert_eq!(asked.line, "POST /v1/payment_intents");
        assert_eq!(asked.headers["idempotency-key"], key.as_str());
        assert_eq!(asked.headers["stripe-version"], "2024-06-20");
        assert_eq!(asked.headers["authorization"], "Bearer sk_test_1");
        assert_eq!(
            asked.body,
            format!(
                "amount=1500&currency=usd&payment_method=pm_1&customer=cus_1\
                 &payment_method_types%5B%5D=card&confirm=true&{rest}\
                 &metadata%5Bclient_id%5D=3&metadata%5Bpayment_id%5D=7"
            )
        );
    }
}

#[tokio::test]
async fn declines_are_told_with_the_code_that_says_most() {
    let card = |code: &str, decline_code: Option<&str>| {
        let kind = "card_error";
        json!({ "error": { "type": kind, "code": code, "decline_code": decline_code } })
    };
    for (body, code, is_hard) in [
        (card("card_declined", Some("insufficient_funds")), "insufficient_funds", false),
        (card("card_declined", Some("lost_card")), "lost_card", true),
        (card("card_declined", Some("stolen_card")), "stolen_card", true),
        (card("card_declined", Some("pickup_card")), "pickup_card", true),
        (card("card_declined", Some("invalid_account")), "invalid_account", true),
        (card("expired_card", None), "expired_card", true),
        (card("authentication_required", None), "authentication_required", true),
        (card("card_declined", None), "generic_decline", false),
    ] {
        assert_eq!(charged(402, body, true).await, declined(code, is_hard));
    }
    let missing =
        json!({ "error": { "type": "invalid_request_error", "code": "resource_missing" } });
    assert_eq!(charged(400, missing.clone(), true).await, declined("resource_missing", true));
    assert_eq!(charged(404, missing, true).await, declined("resource_missing", true));
}

#[tokio::test]
async fn states_of_an_intent_are_outcomes() {
    let mut waiting = intent("pi_1", "7", "requires_action");
    waiting["next_action"] = json!({ "type": "redirect_to_url",
        "redirect_to_url": { "url": "https://hooks.stripe.com/3d", "return_url": "x" } });
    let action_url = "https://hooks.stripe.com/3d".to_owned();
    let expected = Reply::Said(ChargeOutcome::ActionRequired { action_url });
    assert_eq!(charged(200, waiting.clone(), true).await, expected);
    assert_eq!(charged(200, waiting, false).await, declined("authentication_required", true));
    let failed = intent("pi_1", "7", "requires_payment_method");
    assert_eq!(charged(200, failed, true).await, declined("generic_decline", false));
    for status in ["processing", "requires_capture", "nonsense"] {
        let said = charged(200, intent("pi_1", "7", status), true).await;
        assert!(matches!(said, Reply::Unknown(_)), "{status}: {said:?}");
    }
}

#[tokio::test]
async fn what_says_nothing_is_unknown_and_what_was_not_done_is_unsent() {
    let error = |kind: &str| json!({ "error": { "type": kind, "code": null } });
    for (status, body) in [
        (500, error("api_error")),
        (503, json!("away")),
        (409, error("idempotency_error")),
        (400, error("idempotency_error")),
        (200, json!({})),
        (200, json!([1])),
        (302, json!({})),
    ] {
        let said = charged(status, body, true).await;
        assert!(matches!(said, Reply::Unknown(_)), "{status}: {said:?}");
    }
    for status in [401, 403, 429] {
        let said = charged(status, error("invalid_request_error"), true).await;
        assert!(matches!(said, Reply::Unsent(_)), "{status}: {said:?}");
    }
}

fn set_up(customer: Option<&str>) -> SetUpMethod {
    SetUpMethod {
        method: PaymentMethodId::new(5),
        user: UserId::new(1),
        provider: Provider::Stripe,
        token: "pm_card_visa".to_owned(),
        customer: customer.map(str::to_owned),
        first_sent: None,
    }
}

#[tokio::test]
async fn a_method_is_set_up_for_a_customer_and_shows_its_card() {
    let stub = Stub::answering([
        (200, json!({ "id": "cus_9" })),
        (200, json!({ "id": "seti_1", "status": "requires_payment_method" })),
        (200, json!({ "id": "seti_1", "status": "succeeded", "payment_method": "pm_9" })),
        (200, json!({ "id": "pm_9", "card": { "brand": "visa", "last4": "4242" } })),
    ])
    .await;
    let said = stub.stripe.set_up_method(call(&set_up(None))).await;
    let attached = MethodOutcome::Attached {
        reference: "pm_9".to_owned(),
        customer: "cus_9".to_owned(),
        brand: "visa".to_owned(),
        last4: "4242".to_owned(),
    };
    assert_eq!(said, Reply::Said(attached));
    let expected = [
        "POST /v1/customers",
        "POST /v1/setup_intents",
        "POST /v1/setup_intents/seti_1/confirm",
        "POST /v1/payment_methods/pm_9/attach",
    ];
    assert_eq!(stub.lines(), expected);
    let keys: std::collections::HashSet<_> =
        stub.asked().iter().map(|asked| asked.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys.len(), 4);
}

#[tokio::test]
async fn a_method_that_is_refused_or_needs_the_user_is_declined() {
    let refused = json!({ "error": { "type": "card_error", "code": "card_declined" } });
    let made = json!({ "id": "seti_1", "status": "requires_payment_method" });
    let waits = json!({ "id": "seti_1", "status": "requires_action" });
    for (status, confirmed, code, is_hard) in
        [(402, refused, "generic_decline", false), (200, waits, "authentication_required", true)]
    {
        let stub = Stub::answering([(200, made.clone()), (status, confirmed)]).await;
        let said = stub.stripe.set_up_method(call(&set_up(Some("cus_1")))).await;
        let decline = DeclineCode { code: code.to_owned(), is_hard };
        assert_eq!(said, Reply::Said(MethodOutcome::Declined { decline }));
    }
}

#[tokio::test]
async fn a_method_is_detached_and_one_that_is_not_attached_is_as_good() {
    let method = DetachedMethod {
        method: PaymentMethodId::new(5),
        user: UserId::new(1),
        provider: Provider::Stripe,
        reference: "pm_9".to_owned(),
    };
    let refused = json!({ "error": { "type": "invalid_request_error",
                                     "code": "payment_method_unexpected_state" } });
    let stub = Stub::answering([
        (200, json!({ "id": "pm_9", "customer": null })),
        (400, refused.clone()),
        (404, refused),
        (500, json!({})),
    ])
    .await;
    for _ in 0..3 {
        assert_eq!(stub.stripe.detach_method(call(&method)).await, Reply::Said(()));
    }
    let failed = stub.stripe.detach_method(call(&method)).await;
    assert!(matches!(failed, Reply::Unknown(_)), "{failed:?}");
    let asked = stub.asked();
    assert_eq!(asked[0].line, "POST /v1/payment_methods/pm_9/detach");
    let keys: Vec<_> = asked.iter().map(|asked| asked.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys, ["method/3/5/detach"; 4]);
}

fn pay_back() -> PayBack {
    PayBack {
        refund: RefundId::new(9),
        payment: PaymentId::new(7),
        user: UserId::new(1),
        provider: Provider::Stripe,
        amount: 500,
        currency: Currency::parse("USD").unwrap(),
        first_sent: None,
        is_told: false,
    }
}

#[tokio::test]
async fn a_refund_is_of_the_intent_of_its_payment() {
    let customers = ["cus_1".to_owned(), "cus_2".to_owned()];
    let found = list(&[intent("pi_7", "7", "succeeded")], false);
    let none = list(&[], false);
    for (status, expected) in [
        ("succeeded", Some(RefundOutcome::Succeeded)),
        ("failed", Some(RefundOutcome::Failed)),
        ("pending", None),
    ] {
        let refund = json!({ "id": "re_1", "status": status });
        let answers = [(200, none.clone()), (200, found.clone()), (200, refund)];
        let stub = Stub::answering(answers).await;
        let said = stub.stripe.refund(call(&pay_back()), &customers).await;
        match expected {
            Some(outcome) => assert_eq!(said, Reply::Said(outcome)),
            None => assert!(matches!(said, Reply::Unknown(_))),
        }
        let asked = stub.asked().pop().unwrap();
        assert_eq!(asked.line, "POST /v1/refunds");
        let key = Provider::refund_key(CLIENT, RefundId::new(9));
        assert_eq!(asked.headers["idempotency-key"], key.as_str());
        assert_eq!(
            asked.body,
            "payment_intent=pi_7&amount=500&metadata%5Bclient_id%5D=3&metadata%5Brefund_id%5D=9\
             &metadata%5Bpayment_id%5D=7"
        );
    }
    // It was charged: a list without it is not whole.
    let stub = Stub::answering([(200, none.clone()), (200, none)]).await;
    let said = stub.stripe.refund(call(&pay_back()), &customers).await;
    assert!(matches!(said, Reply::Unknown(_)), "{said:?}");
    let refused = json!({ "error": { "type": "invalid_request_error",
                                     "code": "charge_already_refunded" } });
    let stub = Stub::answering([(200, found), (400, refused)]).await;
    let said = stub.stripe.refund(call(&pay_back()), &customers).await;
    assert_eq!(said, Reply::Said(RefundOutcome::Failed));
}

/// After a restore our ids may be those of something else.
#[tokio::test]
async fn what_is_of_another_amount_or_currency_is_not_ours() {
    for (name, value) in [("amount", json!(1501)), ("currency", json!("eur"))] {
        let mut other = intent("pi_7", "7", "succeeded");
        other[name] = value.clone();
        let said = charged(200, other.clone(), true).await;
        assert!(matches!(said, Reply::Unknown(_)), "{said:?}");
        let stub = Stub::answering([(200, list(&[other], false))]).await;
        let said = stub.stripe.look_up(call(&charge(true))).await;
        assert!(matches!(said, Reply::Unknown(_)), "{said:?}");

        let mut other = json!({ "id": "re_1", "status": "succeeded" });
        other[name] = value;
        let found = list(&[intent("pi_7", "7", "succeeded")], false);
        let stub = Stub::answering([(200, found), (200, other)]).await;
        let said = stub.stripe.refund(call(&pay_back()), &["cus_1".to_owned()]).await;
        assert!(matches!(said, Reply::Unknown(_)), "{said:?}");
    }
}

#[tokio::test]
async fn an_intent_that_cannot_be_cancelled_has_come_to_an_end() {
    let customers = ["cus_1".to_owned()];
    let (payment, user) = (PaymentId::new(7), UserId::new(1));
    let stop = StopCharge { payment, user, provider: Provider::Stripe };
    let found = list(&[intent("pi_7", "7", "requires_action")], false);
    let stub =
        Stub::answering([(200, found.clone()), (200, intent("pi_7", "7", "canceled"))]).await;
    assert_eq!(stub.stripe.stop(call(&stop), &customers).await, Reply::Said(None));
    let lists = "GET /v1/payment_intents?customer=cus_1&limit=100";
    assert_eq!(stub.lines(), [lists, "POST /v1/payment_intents/pi_7/cancel"]);

    let refused = json!({ "error": { "type": "invalid_request_error",
                                     "code": "payment_intent_unexpected_state" } });
    let stub =
        Stub::answering([(200, found), (400, refused), (200, intent("pi_7", "7", "succeeded"))])
            .await;
    let said = stub.stripe.stop(call(&stop), &customers).await;
    assert_eq!(said, Reply::Said(Some(ChargeOutcome::Succeeded)));
}
