//! The provider of payments, as the rules see it: who it is, and what it answers.

use crate::{ClientId, Currency, PaymentId, RefundId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Who takes payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Our own, which takes no real money.
    Simulated,
    /// Stripe.
    Stripe,
}

impl Provider {
    /// The spelling, in settings and in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Stripe => "stripe",
        }
    }

    /// The provider of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Simulated, Self::Stripe].into_iter().find(|provider| provider.as_str() == text)
    }

    /// The smallest amount that it charges, in the smallest unit of the currency. Stripe's are
    /// about half a dollar:
    /// <https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>. Those of currencies
    /// that are not named there are taken for 50.
    #[must_use]
    pub fn amount_min(self, currency: Currency) -> u64 {
        match (self, currency.as_str()) {
            (Self::Simulated, _) => 1,
            (Self::Stripe, "GBP") => 30,
            (Self::Stripe, "CZK") => 1500,
            (Self::Stripe, "DKK") => 250,
            (Self::Stripe, "HKD") => 400,
            (Self::Stripe, "HUF") => 17_500,
            (Self::Stripe, "MXN" | "THB") => 1000,
            (Self::Stripe, "MYR" | "PLN" | "RON" | "AED" | "BGN") => 200,
            (Self::Stripe, "NOK" | "SEK") => 300,
            (Self::Stripe, _) => 50,
        }
    }

    /// The key by which the provider knows a charge again that is sent twice: SHA-256 over `pay/1`,
    /// client and payment, the numbers as 8 bytes, big-endian; in hexadecimal digits.
    #[must_use]
    pub fn charge_key(client: ClientId, payment: PaymentId) -> String {
        key("pay/1", client, payment.get())
    }

    /// The key of a refund, made as that of a charge of `refund/1`.
    #[must_use]
    pub fn refund_key(client: ClientId, refund: RefundId) -> String {
        key("refund/1", client, refund.get())
    }
}

fn key(space: &str, client: ClientId, id: i64) -> String {
    let digest = Sha256::new()
        .chain_update(space)
        .chain_update(client.get().to_be_bytes())
        .chain_update(id.to_be_bytes())
        .finalize();
    let mut key = String::with_capacity(64);
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Why a charge was declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclineCode {
    /// The provider's word for it, such as `insufficient_funds`.
    pub code: String,
    /// Whether it is of no use to try the same method again.
    pub is_hard: bool,
}

impl DeclineCode {
    /// The code of a payment that was not found at the provider a day after it was last sent.
    pub const NOT_PROCESSED: &'static str = "not_processed";
}

/// What is known of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ChargeOutcome {
    /// The money was taken.
    Succeeded,
    /// The money was not taken, and will not be.
    Declined {
        /// Why.
        decline: DeclineCode,
    },
    /// The user has to do something first.
    ActionRequired {
        /// Where.
        action_url: String,
    },
    /// The provider does not say. It is asked again.
    Unknown,
    /// It is still not known after ten minutes: whoever waits is told so.
    StillUnknown,
}

/// What is known of setting up a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum MethodOutcome {
    /// It can be charged.
    Attached {
        /// The provider's id of it.
        reference: String,
        /// The provider's id of the customer whom it belongs to.
        customer: String,
        /// What the card shows.
        brand: String,
        /// The last four digits.
        last4: String,
    },
    /// It cannot be charged.
    Declined {
        /// Why.
        decline: DeclineCode,
    },
}

/// What is known of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum RefundOutcome {
    /// The money was paid back.
    Succeeded,
    /// The provider refuses it.
    Failed,
    /// It is still not known after ten minutes: whoever waits is told so.
    StillUnknown,
}

impl RefundOutcome {
    /// The word of the outcome, which is part of the key of its settlement.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::StillUnknown => "still_unknown",
        }
    }
}

impl ChargeOutcome {
    /// The word of the outcome, which is part of the key of its settlement.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Declined { .. } => "declined",
            Self::ActionRequired { .. } => "action_required",
            Self::Unknown => "unknown",
            Self::StillUnknown => "still_unknown",
        }
    }
}
