//! Refunds as clients see them.

use domain::{Currency, PaymentId, Refund, RefundId, RefundStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// Money that is paid back.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundView {
    id: RefundId,
    payment_id: PaymentId,
    /// The amount, in the smallest unit of the currency.
    #[schema(example = 1500)]
    amount: u64,
    #[schema(inline)]
    currency: Currency,
    status: RefundStatus,
}

impl From<&Refund> for RefundView {
    fn from(refund: &Refund) -> Self {
        let Refund { id, payment: payment_id, amount, currency, status, .. } = *refund;
        Self { id, payment_id, amount, currency, status }
    }
}
