//! Payments as clients see them.

use super::timestamp;
use domain::{
    Currency, GiftId, Payment, PaymentId, PaymentPhase, PaymentStatus, PurposeKind, SubscriptionId,
    UserId,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A payment: one charge. All that it asks for is fixed when it is made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentView {
    id: PaymentId,
    user_id: UserId,
    /// The subscription that is paid for, if it is one.
    #[schema(required)]
    subscription_id: Option<SubscriptionId>,
    /// The gift that is paid for, if it is one.
    #[schema(required)]
    gift_id: Option<GiftId>,
    purpose: PurposeKind,
    /// The price, in the smallest unit of the currency: cash and credit.
    #[schema(example = 2000)]
    amount: u64,
    /// The part that the payment method is charged.
    cash: u64,
    /// The part that is taken from the credit of the user.
    credit: u64,
    #[schema(inline)]
    currency: Currency,
    status: PaymentStatus,
    /// The provider's word for why it was declined.
    #[schema(required, example = "insufficient_funds")]
    decline_code: Option<String>,
    /// What was paid back.
    refunded: u64,
    /// Where the user does what is asked of him, while that is waited for.
    #[schema(required)]
    action_url: Option<String>,
    /// The instant up to which that is waited for.
    #[schema(format = DateTime, required)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// The instant at which its end was known.
    #[schema(format = DateTime, required)]
    settled_at: Option<String>,
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        let (mut decline_code, mut action) = (None, None);
        match &payment.phase {
            PaymentPhase::Declined { decline_code: code } => decline_code = Some(code.clone()),
            PaymentPhase::ActionRequired { action_url } => {
                action = Some((action_url.clone(), timestamp(payment.expires_at)));
            }
            PaymentPhase::Created
            | PaymentPhase::Sent
            | PaymentPhase::Unknown
            | PaymentPhase::Succeeded
            | PaymentPhase::Cancelled => {}
        }
        let (action_url, expires_at) = action.unzip();
        Self {
            id: payment.id,
            user_id: payment.user,
            subscription_id: payment.purpose.subscription(),
            gift_id: payment.purpose.gift(),
            purpose: payment.purpose.kind(),
            amount: payment.amount,
            cash: payment.cash,
            credit: payment.credit,
            currency: payment.currency,
            status: payment.phase.status(),
            decline_code,
            refunded: payment.refunded,
            action_url,
            expires_at,
            created_at: timestamp(payment.created_at),
            settled_at: payment.settled_at.map(timestamp),
        }
    }
}
