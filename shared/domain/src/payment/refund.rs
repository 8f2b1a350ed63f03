//! What is paid back of a payment.

use crate::{ClientId, Currency, Instant, JobId, PaymentId, RefundId};
use serde::Serialize;
use utoipa::ToSchema;

/// Money that is paid back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The id of the refund.
    pub id: RefundId,
    /// The client of the payment.
    pub client: ClientId,
    /// The payment.
    pub payment: PaymentId,
    /// The amount, in the smallest unit of the currency.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// How far it is.
    pub status: RefundStatus,
    /// Whether it pays back by itself money that came for something that was not there any more:
    /// nobody asked for it, and nobody waits for it.
    pub is_of_late_money: bool,
    /// Whether what was bought ends with it.
    pub cancels: bool,
    /// The job that made it.
    pub job: JobId,
    /// The instant at which it was made.
    pub created_at: Instant,
    /// The instant at which its end was known.
    pub settled_at: Option<Instant>,
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RefundStatus {
    /// The provider was asked.
    Pending,
    /// The money was paid back.
    Succeeded,
    /// The provider has refused it.
    Failed,
}

impl RefundStatus {
    /// The spelling, in answers and in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The status of that spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Succeeded, Self::Failed].into_iter().find(|s| s.as_str() == text)
    }
}
