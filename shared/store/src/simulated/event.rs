//! What the simulated provider tells of a charge, in the form of Stripe's webhooks.

use super::SimulatedCharge;
use serde_json::json;

/// An event that tells of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeEvent {
    /// Its id: one for each end of a charge.
    pub id: String,
    /// Its body.
    pub body: String,
}

impl SimulatedCharge {
    /// The event that tells of this charge, which has that key, if it has come to an end.
    #[must_use]
    pub fn event(&self, key: &str) -> Option<ChargeEvent> {
        let (kind, status) = match self.status.as_str() {
            "succeeded" => ("payment_intent.succeeded", "succeeded"),
            "declined" => ("payment_intent.payment_failed", "requires_payment_method"),
            _ => return None,
        };
        let error = self.decline_code.as_ref().map(
            |code| json!({ "type": "card_error", "code": "card_declined", "decline_code": code }),
        );
        let id = format!("evt_{key}_{}", self.status);
        let body = json!({
            "id": id,
            "object": "event",
            "type": kind,
            "data": { "object": {
                "id": format!("pi_{key}"),
                "object": "payment_intent",
                "status": status,
                "amount": self.amount,
                "currency": self.currency.to_ascii_lowercase(),
                "last_payment_error": error,
                "metadata": {
                    "client_id": self.client.to_string(),
                    "payment_id": self.payment.to_string(),
                },
            } },
        });
        Some(ChargeEvent { id, body: body.to_string() })
    }
}
