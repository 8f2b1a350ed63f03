//! The commands of the clients: all kinds, over so few users that they conflict.

use crate::history::{Reply, Submission};
use domain::PaymentId;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The number of names in the small pool of users.
const POOL: u32 = 40;

/// The number of newest rows that most commands choose from. Older rows have ended.
const RECENT: usize = 40;

/// The rows that the clients know to exist, from answers only.
#[derive(Debug, Default)]
pub struct Shop(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    users: Vec<(i64, String)>,
    subscriptions: Vec<i64>,
    gifts: Vec<(i64, String)>,
    methods: Vec<i64>,
    payments: Vec<i64>,
    /// The payments that were told of.
    heard: BTreeSet<i64>,
    /// What was paid, with its cash, until a bank has looked at it.
    paid: Vec<(PaymentId, u64)>,
    /// Where users do what a provider asks of them, until they have.
    actions: Vec<String>,
}

/// The tokens of payment methods. Those named often come often.
const TOKENS: &[&str] = &[
    "sim_ok",
    "sim_ok",
    "sim_ok",
    "sim_ok",
    "sim_ok",
    "sim_declined",
    "sim_insufficient_funds",
    "sim_hard_declined",
    "sim_attach_declined",
    "sim_action",
    "sim_action",
    "sim_slow_300",
    "sim_slow_3000",
    "sim_error_1",
    "sim_error_1",
    "sim_error_2",
    "sim_error_3",
];

/// The plans that are bought. Golden is not sold.
const PLANS: &[&str] =
    &["monthly", "bronze", "yearly", "golden", "silver", "silver", "gold", "gold", "gold-yearly"];

impl Shop {
    /// Draws a command.
    pub fn draw(&self, rng: &mut StdRng) -> (&'static str, Value) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let user = known.users.choose(rng).cloned();
        let (Some((user, email)), true) = (user, rng.random_bool(0.88)) else {
            return ("/users", json!({ "email": draw_email(rng) }));
        };
        let subscription = recent(&known.subscriptions, rng);
        let gift = recent(&known.gifts, rng);
        if rng.random_bool(0.25)
            && let Some(drawn) = of_money(&known, user, subscription, rng)
        {
            return drawn;
        }
        match (rng.random_range(0..100), subscription, gift) {
            (0..22, Some(id), _) => ("/renew", with_months(json!({ "subscription_id": id }), rng)),
            (22..26, Some(id), _) => ("/cancel", json!({ "subscription_id": id })),
            (26..34, Some(id), _) => changed(id, rng),
            (34..56, _, Some((id, to))) => {
                let to = to.to_ascii_lowercase();
                let recipient = known.users.iter().find(|(_, email)| *email == to);
                let right = recipient.filter(|_| rng.random_bool(0.85));
                let user = right.map_or(user, |(id, _)| *id);
                ("/gift/redeem", json!({ "gift_id": id, "user_id": user }))
            }
            (56..76, ..) => {
                let to = known.users.choose(rng).map_or(email, |(_, email)| email.clone());
                let to = if rng.random_bool(0.1) { to.to_ascii_uppercase() } else { to };
                let mut body = json!({ "gifter_id": user, "recipient_email": to });
                let plan = PLANS.choose(rng);
                let members = body.as_object_mut().filter(|_| rng.random_bool(0.5));
                if let Some((members, plan)) = members.zip(plan) {
                    members.insert("plan".to_owned(), (*plan).into());
                }
                ("/gift", with_months(body, rng))
            }
            // What plans there are must not change: a subscription is decided by a plan that is
            // read without a lock, so that their order is not that of the log.
            (77, ..) => ("/plans/golden/retire", json!({})),
            (76, ..) => ("/cancel", json!({ "subscription_id": 9_000_000_000_000_i64 })),
            (78..80, ..) => {
                // Months from an anchor; its end may have passed by the time of the decision.
                let (anchor, end) = ("2026-01-31T08:00:00Z", "2031-02-28T08:00:00Z");
                let plan = "monthly";
                let body = json!({ "user_id": user, "plan": plan, "anchor": anchor,
                                   "end_date": end, "auto_renew": rng.random_bool(0.5) });
                ("/import", body)
            }
            _ => {
                let plan = *PLANS.choose(rng).unwrap_or(&"monthly");
                let mut body = json!({ "user_id": user, "plan": plan });
                if let Some(members) = body.as_object_mut() {
                    if rng.random_bool(0.5) {
                        members.insert("auto_renew".to_owned(), true.into());
                    }
                    if rng.random_bool(0.3) {
                        members.insert("trial".to_owned(), rng.random_bool(0.2).into());
                    }
                }
                ("/subscribe", with_months(body, rng))
            }
        }
    }

    /// Something that a provider asks a user for. Some never do it.
    pub fn draw_action(&self, rng: &mut StdRng) -> Option<String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (!known.actions.is_empty()).then(|| rng.random_range(0..known.actions.len()));
        place.map(|place| known.actions.swap_remove(place))
    }

    /// A payment that has succeeded, with its cash; each once.
    pub fn draw_paid(&self, rng: &mut StdRng) -> Option<(PaymentId, u64)> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (!known.paid.is_empty()).then(|| rng.random_range(0..known.paid.len()));
        place.map(|place| known.paid.swap_remove(place))
    }

    /// Adds the rows in an answer.
    pub fn learn(&self, submission: &Submission, reply: &Reply) {
        let Ok(told) = serde_json::from_str::<Value>(&reply.body) else { return };
        let id = |name: &str| told.get(name).and_then(Value::as_i64);
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let payment = told.get("payment").filter(|payment| payment.is_object());
        let member = |name: &str| payment.and_then(|payment| payment.get(name));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id_of_payment = member("id").and_then(Value::as_i64);
        if let Some(id) = id_of_payment.filter(|id| known.heard.insert(*id)) {
            known.payments.push(id);
            let is_paid = member("status").and_then(Value::as_str) == Some("succeeded");
            let cash = member("cash").and_then(Value::as_u64).filter(|cash| is_paid && *cash > 0);
            known.paid.extend(cash.map(|cash| (PaymentId::new(id), cash)));
        }
        known.actions.extend(member("action_url").and_then(Value::as_str).map(str::to_owned));
        match (reply.status, submission.path) {
            (201, "/payment-methods") => known.methods.extend(id("id")),
            (201, "/users") => known.users.extend(id("id").zip(text("email"))),
            (201, "/subscribe" | "/import") => known.subscriptions.extend(id("id")),
            (200, "/gift/redeem") => known.subscriptions.extend(id("subscription_id")),
            (201, "/gift") => known.gifts.extend(id("id").zip(text("recipient_email"))),
            _ => {}
        }
    }
}

/// Another request that is sent with the same key.
pub fn twin(path: &str, body: &Value, rng: &mut StdRng) -> (&'static str, Value) {
    let mut body = body.clone();
    let mut set = |name: &str, value: Value| {
        if let Some(members) = body.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    let path = match path {
        "/users" => {
            set("email", draw_email(rng).into());
            "/users"
        }
        "/subscribe" => {
            set("duration_months", 24.into());
            "/subscribe"
        }
        "/gift" => {
            set("duration_months", 24.into());
            "/gift"
        }
        "/gift/redeem" => {
            set("user_id", 1.into());
            "/gift/redeem"
        }
        // The same subscription or user for another path.
        "/import" => {
            keep(&mut body, &["user_id", "plan"]);
            "/subscribe"
        }
        "/renew" => {
            keep(&mut body, &["subscription_id"]);
            "/cancel"
        }
        "/change-plan" | "/cancel" | "/uncancel" | "/auto-renew" | "/pause" | "/resume"
        | "/extend" => {
            keep(&mut body, &["subscription_id"]);
            "/renew"
        }
        _ => {
            body = json!({ "email": draw_email(rng) });
            "/users"
        }
    };
    (path, body)
}

/// A command that is only about money, or the change of a plan.
fn of_money(
    known: &Known,
    user: i64,
    subscription: Option<i64>,
    rng: &mut StdRng,
) -> Option<(&'static str, Value)> {
    let method = recent(&known.methods, rng);
    let payment = recent(&known.payments, rng);
    Some(match rng.random_range(0..10) {
        0..3 => {
            let token = *TOKENS.choose(rng)?;
            ("/payment-methods", json!({ "user_id": user, "token": token }))
        }
        3 => ("/payment-methods/default", json!({ "payment_method_id": method? })),
        4 if rng.random_bool(0.3) => {
            ("/payment-methods/detach", json!({ "payment_method_id": method? }))
        }
        4..7 => {
            let plan = *PLANS.choose(rng)?;
            let when = *["auto", "now", "now", "period_end"].choose(rng)?;
            (
                "/change-plan",
                json!({ "plan": plan, "subscription_id": subscription?, "when": when }),
            )
        }
        _ => {
            let mut body = json!({ "payment_id": payment? });
            if let Some(members) = body.as_object_mut() {
                if rng.random_bool(0.4) {
                    members.insert("amount".to_owned(), rng.random_range(1..2000).into());
                }
                if rng.random_bool(0.3) {
                    members.insert("cancel".to_owned(), true.into());
                }
            }
            ("/refund", body)
        }
    })
}

fn keep(body: &mut Value, names: &[&str]) {
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| names.contains(&name.as_str()));
    }
}

/// A command that changes what becomes of a subscription.
fn changed(id: i64, rng: &mut StdRng) -> (&'static str, Value) {
    let subscription = json!({ "subscription_id": id });
    let with = |name: &str, value: Value| {
        let mut body = subscription.clone();
        body.as_object_mut().map(|members| members.insert(name.to_owned(), value));
        body
    };
    match rng.random_range(0..8) {
        0 => ("/cancel", with("at_period_end", true.into())),
        1 => ("/uncancel", subscription),
        2 => ("/auto-renew", with("auto_renew", rng.random_bool(0.7).into())),
        3 => ("/pause", subscription),
        4 | 5 => ("/resume", subscription),
        6 => ("/pause", with("resume_at", resume_at().into())),
        _ => {
            let body = json!({ "subscription_id": id, "months": 1, "reason": "a test" });
            ("/extend", body)
        }
    }
}

/// A few seconds from now, so that pauses end by themselves while the campaign runs.
#[expect(clippy::disallowed_methods, reason = "the clients of the campaign have clocks")]
fn resume_at() -> String {
    (chrono::Utc::now() + chrono::TimeDelta::seconds(5)).to_rfc3339()
}

fn recent<T: Clone>(things: &[T], rng: &mut StdRng) -> Option<T> {
    let from = if rng.random_bool(0.9) { things.len().saturating_sub(RECENT) } else { 0 };
    things.get(from..)?.choose(rng).cloned()
}

fn draw_email(rng: &mut StdRng) -> String {
    // Names beyond the pool are drawn from so many that no other client draws them.
    let number = if rng.random_bool(0.8) { rng.random_range(0..POOL) } else { rng.random() };
    format!("user{number}@faults.example")
}

fn with_months(mut body: Value, rng: &mut StdRng) -> Value {
    if let Some(members) = body.as_object_mut().filter(|_| rng.random_bool(0.8)) {
        let months = if rng.random_bool(0.2) { 12 } else { rng.random_range(1..=9) };
        members.insert("duration_months".to_owned(), months.into());
    }
    body
}
