//! The simulated provider says the same wherever it is, and makes a charge once.

use super::process::{Manner, SimulatedProvider, serve};
use super::{Simulated, engine};
use crate::provider::settings::ProviderSettings;
use crate::provider::webhook::Told;
use crate::provider::{Call, Gateway, Reply};
use crate::tests::leaps::sample::provider_settings;
use domain::{
    Charge, ChargeOutcome, ChargeProgress, ClientId, Currency, DeclineCode, MethodOutcome, PayBack,
    PaymentId, PaymentMethodId, Provider, RefundId, RefundOutcome, SetUpMethod, StopCharge, UserId,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::simulated::Durability;
use support::Database;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const CLIENT: ClientId = ClientId::LOCAL;

fn charge(payment: i64, token: &str, is_on_session: bool) -> Charge {
    Charge {
        payment: PaymentId::new(payment),
        user: UserId::new(1),
        subscription: None,
        gift: None,
        provider: Provider::Simulated,
        amount: 1500,
        currency: Currency::parse("USD").unwrap(),
        method: token.to_owned(),
        customer: None,
        is_on_session,
        progress: ChargeProgress::default(),
    }
}

const fn call<T>(what: &T) -> Call<'_, T> {
    Call { client: CLIENT, what }
}

fn declined(code: &str, is_hard: bool) -> ChargeOutcome {
    ChargeOutcome::Declined { decline: DeclineCode { code: code.to_owned(), is_hard } }
}

/// A provider in this process, and one in another.
async fn both(database: &Database, stop: &CancellationToken) -> [Simulated; 2] {
    both_telling(database, stop, None).await
}

async fn both_telling(
    database: &Database,
    stop: &CancellationToken,
    webhook_url: Option<String>,
) -> [Simulated; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let webhooks = Manner::Prompt;
    let webhook_secret = "secret".into();
    let answer_ms = 0;
    let settings = SimulatedProvider { listen, webhook_url, webhooks, webhook_secret, answer_ms };
    let (store, stopped) = (database.store_of(2), stop.clone());
    tokio::spawn(async move { serve(listener, store, &settings, stopped).await });
    let there = ProviderSettings {
        simulated_url: Some(format!("http://{listen}").as_str().into()),
        ..provider_settings()
    };
    [provider_settings(), there]
        .map(|settings| Simulated::new(&settings, database.store()).unwrap())
}

#[tokio::test]
async fn what_comes_of_a_charge_follows_from_its_token_wherever_it_is_made() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    let mut payment = 0;
    for provider in both(&database, &stop).await {
        for (token, expected) in [
            ("sim_ok", ChargeOutcome::Succeeded),
            ("sim_declined", declined("generic_decline", false)),
            ("sim_hard_declined", declined("stolen_card", true)),
            ("sim_insufficient_funds", declined("insufficient_funds", false)),
            ("sim_slow_20", ChargeOutcome::Succeeded),
            ("tok_visa", declined("invalid_token", true)),
        ] {
            payment += 1;
            let charge = charge(payment, token, true);
            for _ in 0..2 {
                assert_eq!(provider.charge(call(&charge)).await, Reply::Said(expected.clone()));
            }
            let found = provider.look_up(call(&charge)).await;
            assert_eq!(found, Reply::Said(Some(expected)), "{token}");
        }
    }
    let charges: i64 = database.value("SELECT count(*) FROM simulated_charges").await;
    assert_eq!(charges, 12);
    stop.cancel();
}

#[tokio::test]
async fn an_intent_is_that_of_the_payment_whose_charge_it_names() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    let key = Provider::charge_key(CLIENT, PaymentId::new(1));
    for provider in both(&database, &stop).await {
        provider.charge(call(&charge(1, "sim_ok", true))).await;
        let found = provider.payment_of(&format!("pi_{key}")).await;
        assert_eq!(found, Reply::Said(Some((CLIENT, PaymentId::new(1)))));
        for foreign in ["pi_1", "pi_", "", "pi_../refunds/1", key.as_str()] {
            assert_eq!(provider.payment_of(foreign).await, Reply::Said(None), "{foreign}");
        }
    }
    stop.cancel();
}

#[tokio::test]
async fn the_first_answers_of_some_are_errors_though_the_money_is_taken() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    for (payment, provider) in (1..).zip(both(&database, &stop).await) {
        let charge = charge(payment, "sim_error_2", true);
        assert!(matches!(provider.charge(call(&charge)).await, Reply::Unknown(_)));
        let succeeded = "SELECT count(*) FROM simulated_charges WHERE status = 'succeeded'";
        assert_eq!(database.value::<i64>(succeeded).await, payment);
        assert!(matches!(provider.look_up(call(&charge)).await, Reply::Unknown(_)));
        let said = provider.charge(call(&charge)).await;
        assert_eq!(said, Reply::Said(ChargeOutcome::Succeeded));
    }
    stop.cancel();
}

#[tokio::test]
async fn a_user_who_is_not_there_can_do_nothing() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    let [here, there] = both(&database, &stop).await;
    let away = charge(1, "sim_action", false);
    let expected = declined("authentication_required", true);
    assert_eq!(here.charge(call(&away)).await, Reply::Said(expected));

    let waiting = charge(2, "sim_action", true);
    let key = Provider::charge_key(CLIENT, PaymentId::new(2));
    let Reply::Said(ChargeOutcome::ActionRequired { action_url }) =
        here.charge(call(&waiting)).await
    else {
        panic!("it waits for nobody");
    };
    assert_eq!(action_url, format!("/simulated-provider/actions/{key}"));
    let Reply::Said(ChargeOutcome::ActionRequired { action_url }) =
        there.charge(call(&waiting)).await
    else {
        panic!("it waits for nobody");
    };
    let http = crate::provider::http::client(&action_url, Duration::from_secs(5));
    let acted = http.unwrap().post(&action_url).json(&serde_json::json!({ "outcome": "succeed" }));
    let acted = acted.send().await.unwrap();
    assert_eq!(acted.status(), 200);
    assert_eq!(acted.text().await.unwrap(), r#"{"status":"succeeded"}"#);
    let found = here.look_up(call(&waiting)).await;
    assert_eq!(found, Reply::Said(Some(ChargeOutcome::Succeeded)));
    // What has ended cannot be stopped.
    let (payment, user) = (PaymentId::new(2), UserId::new(1));
    let stopped = StopCharge { payment, user, provider: Provider::Simulated };
    let ended = there.stop(call(&stopped), &[]).await;
    assert_eq!(ended, Reply::Said(Some(ChargeOutcome::Succeeded)));
    stop.cancel();
}

#[tokio::test]
async fn a_charge_that_was_stopped_takes_nothing_any_more() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    for (id, provider) in (1..).zip(both(&database, &stop).await) {
        let (payment, user) = (PaymentId::new(id), UserId::new(1));
        let stopped = StopCharge { payment, user, provider: Provider::Simulated };
        // There may be none yet, or none any more.
        assert_eq!(provider.stop(call(&stopped), &[]).await, Reply::Said(None));
        let charge = charge(id, "sim_action", true);
        provider.charge(call(&charge)).await;
        for _ in 0..2 {
            assert_eq!(provider.stop(call(&stopped), &[]).await, Reply::Said(None));
        }
        let act = engine::Act::Succeed;
        let engine = engine::Engine::new(database.store().clone(), Durability::Own);
        let key = Provider::charge_key(CLIENT, payment);
        assert_eq!(engine.act(&key, act).await.unwrap().unwrap().status, "cancelled");
    }
    stop.cancel();
}

#[tokio::test]
async fn methods_attach_and_refunds_are_paid_once_wherever_it_is() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    let mut attached = Vec::new();
    for (id, provider) in (1..).zip(both(&database, &stop).await) {
        let method = |token: &str| SetUpMethod {
            method: PaymentMethodId::new(id),
            user: UserId::new(1),
            provider: Provider::Simulated,
            token: token.to_owned(),
            customer: None,
            first_sent: None,
        };
        let Reply::Said(MethodOutcome::Attached { reference, brand, last4, .. }) =
            provider.set_up_method(call(&method("sim_ok"))).await
        else {
            panic!("it does not attach");
        };
        assert_eq!((reference.as_str(), brand.as_str()), ("sim_ok", "simulated"));
        attached.push(last4);
        let refused = provider.set_up_method(call(&method("sim_attach_declined"))).await;
        assert!(matches!(refused, Reply::Said(MethodOutcome::Declined { .. })));

        let pay_back = PayBack {
            refund: RefundId::new(id),
            payment: PaymentId::new(id),
            user: UserId::new(1),
            provider: Provider::Simulated,
            amount: 500,
            currency: Currency::parse("USD").unwrap(),
            first_sent: None,
            is_told: false,
        };
        assert_eq!(provider.look_up_refund(call(&pay_back), &[]).await, Reply::Said(None));
        for _ in 0..2 {
            let said = provider.refund(call(&pay_back), &[]).await;
            assert_eq!(said, Reply::Said(RefundOutcome::Succeeded));
        }
        let found = provider.look_up_refund(call(&pay_back), &[]).await;
        assert_eq!(found, Reply::Said(Some(RefundOutcome::Succeeded)));
    }
    assert_eq!(attached[0], attached[1]);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM simulated_refunds").await, 2);
    stop.cancel();
}

#[tokio::test]
async fn a_process_that_others_reach_knows_workers_by_its_secret() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = SimulatedProvider {
        listen: "0.0.0.0:0".parse().unwrap(),
        webhook_url: None,
        webhooks: Manner::Prompt,
        webhook_secret: "secret".into(),
        answer_ms: 0,
    };
    let (store, stopped) = (database.store_of(2), stop.clone());
    tokio::spawn(async move { serve(listener, store, &settings, stopped).await });
    for (user, said) in [
        ("worker:secret@", Reply::Said(ChargeOutcome::Succeeded)),
        ("worker:secre@", Reply::Unknown("it answered 401".to_owned())),
        ("", Reply::Unknown("it answered 401".to_owned())),
    ] {
        let url = format!("http://{user}{address}");
        let settings =
            ProviderSettings { simulated_url: Some(url.as_str().into()), ..provider_settings() };
        let provider = Simulated::new(&settings, database.store()).unwrap();
        assert_eq!(provider.charge(call(&charge(1, "sim_ok", true))).await, said);
        // Where users go shows no secret.
        let Reply::Said(ChargeOutcome::ActionRequired { action_url }) =
            provider.charge(call(&charge(2, "sim_action", true))).await
        else {
            continue;
        };
        assert!(action_url.starts_with(&format!("http://{address}/")), "{action_url}");
        let page = crate::provider::http::client(&action_url, Duration::from_secs(5));
        assert_eq!(page.unwrap().get(&action_url).send().await.unwrap().status(), 200);
    }
    stop.cancel();
}

#[tokio::test]
async fn a_process_answers_as_late_as_was_set_and_counts_the_charges_at_once() {
    let database = Database::create().await;
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let (webhook_url, webhooks, webhook_secret) = (None, Manner::Prompt, "".into());
    let late = Duration::from_millis(500);
    let settings =
        SimulatedProvider { listen, webhook_url, webhooks, webhook_secret, answer_ms: 500 };
    let (store, stopped) = (database.store_of(2), stop.clone());
    tokio::spawn(async move { serve(listener, store, &settings, stopped).await });
    let url = format!("http://{listen}");
    let settings =
        ProviderSettings { simulated_url: Some(url.as_str().into()), ..provider_settings() };
    let provider = Simulated::new(&settings, database.store()).unwrap();
    let (first, second) = (charge(1, "sim_ok", true), charge(2, "sim_ok", true));
    let began = std::time::Instant::now();
    let said = tokio::join!(provider.charge(call(&first)), provider.charge(call(&second)));
    assert_eq!(said.0, Reply::Said(ChargeOutcome::Succeeded));
    assert_eq!(said.0, said.1);
    assert!(late <= began.elapsed());
    let client = crate::provider::http::client(&url, Duration::from_secs(5)).unwrap();
    let health = client.get(format!("{url}/health")).send().await.unwrap().text().await.unwrap();
    assert_eq!(health, r#"{"charges_at_once_max":2}"#);
    stop.cancel();
}

#[tokio::test]
async fn a_process_that_is_not_there_was_sent_nothing() {
    let database = Database::create().await;
    let settings = ProviderSettings {
        simulated_url: Some("http://127.0.0.1:1".into()),
        ..provider_settings()
    };
    let provider = Simulated::new(&settings, database.store()).unwrap();
    let said = provider.charge(call(&charge(1, "sim_ok", true))).await;
    assert!(matches!(said, Reply::Unsent(_)), "{said:?}");
}

#[tokio::test]
async fn a_process_tells_by_signed_webhooks_what_came_of_charges() {
    use axum::http::HeaderMap;
    type Taken = Arc<Mutex<Vec<(String, String)>>>;
    let taken = Taken::default();
    let keep = taken.clone();
    let take = move |headers: HeaderMap, body: String| async move {
        let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
        let mut taken = keep.lock().unwrap();
        taken.push((signature, body));
        // The first one is not taken.
        if taken.len() == 1 {
            axum::http::StatusCode::SERVICE_UNAVAILABLE
        } else {
            axum::http::StatusCode::OK
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/webhooks", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let database = Database::create().await;
    let stop = CancellationToken::new();
    let [_, there] = both_telling(&database, &stop, Some(url)).await;
    there.charge(call(&charge(7, "sim_hard_declined", true))).await;
    support::eventually_true("told twice", Duration::from_secs(20), async || {
        Ok(taken.lock().unwrap().len() == 2)
    })
    .await
    .unwrap();
    let taken = taken.lock().unwrap().clone();
    for (signature, body) in taken {
        let (time, _) = signature.split_once(',').unwrap();
        let seconds = time.strip_prefix("t=").unwrap().parse().unwrap();
        let expected = crate::provider::sign::signature("secret", seconds, &body);
        assert_eq!(Some(signature), expected);
        let told = crate::provider::webhook::read(&body).unwrap().unwrap();
        let Told::Command(client, command, money) = told else { panic!("{told:?}") };
        let payment_id = PaymentId::new(7);
        let outcome = declined("stolen_card", true);
        assert_eq!(client, CLIENT);
        assert!(money.is(1500, Currency::parse("USD").unwrap()));
        assert_eq!(command, domain::SettlePayment { payment_id, outcome }.into());
    }
    stop.cancel();
}
