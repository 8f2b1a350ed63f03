//! The events of providers that are acted upon, in Stripe's words, which the simulated one uses.

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSubject {
    /// A charge, which is an intent.
    Charge,
    /// A refund.
    Refund,
    /// A dispute.
    Dispute,
}

impl EventSubject {
    /// What an event of that type is about; `None` of a type that is not acted upon.
    #[must_use]
    pub fn of_type(kind: &str) -> Option<Self> {
        match kind {
            "payment_intent.succeeded"
            | "payment_intent.payment_failed"
            | "payment_intent.canceled" => Some(Self::Charge),
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                Some(Self::Refund)
            }
            "charge.dispute.created" | "charge.dispute.updated" | "charge.dispute.closed" => {
                Some(Self::Dispute)
            }
            _ => None,
        }
    }
}
