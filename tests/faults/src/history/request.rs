//! What is asked of the apis.

use domain::{ClientId, Command, DisputeStatus, Fingerprint, PaymentId, PlanCode, RetirePlan};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// A command as a client sends it. Its body is in canonical form: sorted members, no spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Submission {
    /// Whose command it is.
    pub owner: ClientId,
    /// The idempotency key. No two owners use the same.
    pub key: String,
    /// The path, such as `/subscribe`.
    pub path: &'static str,
    /// The body, as JSON.
    pub body: String,
}

/// A request of a client.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "method")]
pub enum Request {
    /// `POST` of a command.
    #[serde(rename = "POST")]
    Submit(Arc<Submission>),
    /// `GET /jobs/{id}` of the job that a key names.
    #[serde(rename = "GET")]
    Job {
        /// Whose job it is.
        owner: ClientId,
        /// The idempotency key that names the job.
        key: String,
    },
    /// `GET /test-clock` of a test client.
    #[serde(rename = "CLOCK")]
    Clock {
        /// Whose clock it is.
        owner: ClientId,
    },
    /// What a bank says of a payment, as a webhook of the provider.
    #[serde(rename = "BANK")]
    Bank(Arc<BankEvent>),
}

/// What a bank says of a payment that its user disputes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BankEvent {
    /// Whose payment it is.
    pub owner: ClientId,
    /// The payment.
    pub payment: PaymentId,
    /// The amount, in the smallest unit of dollars.
    pub amount: u64,
    /// How far the dispute is.
    pub status: DisputeStatus,
}

impl Submission {
    /// The fingerprint of the request.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_request("POST", self.path, self.body.as_bytes())
    }

    /// The command of the request; `None` for a path or body that the product would refuse.
    #[must_use]
    pub fn command(&self) -> Option<Command> {
        // The code of the plan is in the path.
        if let Some(code) = retired_plan(self.path) {
            return Some(RetirePlan { code: PlanCode::parse(code).ok()? }.into());
        }
        let operation = match self.path {
            "/users" => "create_user",
            "/subscribe" => "subscribe",
            "/renew" => "renew",
            "/cancel" => "cancel",
            "/uncancel" => "uncancel",
            "/auto-renew" => "auto_renew",
            "/pause" => "pause",
            "/resume" => "resume",
            "/extend" => "extend",
            "/import" => "import",
            "/gift" => "gift",
            "/gift/redeem" => "redeem",
            "/change-plan" => "change_plan",
            "/payment-methods" => "add_payment_method",
            "/payment-methods/default" => "set_default_payment_method",
            "/payment-methods/detach" => "detach_payment_method",
            "/refund" => "refund",
            "/test-clock/advance" => "advance_clock",
            _ => return None,
        };
        let mut body: Value = serde_json::from_str(&self.body).ok()?;
        body.as_object_mut()?.insert("operation".to_owned(), operation.into());
        serde_json::from_value(body).ok()
    }
}

/// The code of the plan that a request to this path retires.
fn retired_plan(path: &str) -> Option<&str> {
    path.strip_prefix("/plans/")?.strip_suffix("/retire")
}

impl BankEvent {
    /// The bank's name of the dispute: a payment has one.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("dp_{}", self.payment)
    }
}
