//! `settle_payment`: what a provider says of a charge.

use crate::decide::{Decider, InternalRuled, OpenInternalRules};
use crate::gift::gift_settled;
use crate::payment::unknown;
use crate::subscription::{change_settled, renew_settled, renewal_settled, subscribe_settled};
use crate::{
    ChargeOutcome, ClientId, Currency, GiftStatus, IdempotencyKey, Needs, NewIds, Payment,
    PaymentId, PaymentStatus, Purpose, SubscriptionStatus,
};
use serde::{Deserialize, Serialize};

/// What a provider says of a charge. The user, the subscription and the gift are those of the
/// payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlePayment {
    /// The payment.
    pub payment_id: PaymentId,
    /// What is known of it.
    pub outcome: ChargeOutcome,
}

impl OpenInternalRules for SettlePayment {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!("settle:{}:{}", self.payment_id, self.outcome.as_str()))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.payments.insert((client, self.payment_id));
        needs.money = true;
        needs.new_ids.grants += 1;
        needs.new_ids.payments += 1;
        needs.new_ids.refunds += 1;
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Option<InternalRuled> {
        let payment = decider.working_set.payment(decider.context.client, self.payment_id)?;
        let says_something = match payment.phase.status() {
            PaymentStatus::Processing => true,
            PaymentStatus::ActionRequired => !matches!(
                self.outcome,
                ChargeOutcome::Unknown
                    | ChargeOutcome::StillUnknown
                    | ChargeOutcome::ActionRequired { .. }
            ),
            // What was given up may have been paid before the provider knew.
            PaymentStatus::Declined | PaymentStatus::Cancelled => {
                self.outcome == ChargeOutcome::Succeeded
            }
            PaymentStatus::Succeeded => false,
        };
        if !says_something {
            return None;
        }
        if self.outcome == ChargeOutcome::Unknown {
            return unknown(payment);
        }
        let is_open = payment.settled_at.is_none()
            && is_waited_for(decider, payment)
            && !(self.outcome == ChargeOutcome::Succeeded
                && other_currency(decider, payment).is_some());
        let settle = match payment.purpose {
            _ if !is_open => return decider.late(payment, &self.outcome, new_ids),
            Purpose::Subscribe { .. } => subscribe_settled,
            Purpose::Renew { .. } => renew_settled,
            Purpose::Renewal { .. } => renewal_settled,
            Purpose::ChangePlan { .. } => change_settled,
            Purpose::Gift { .. } => gift_settled,
        };
        settle(decider, payment, &self.outcome, new_ids)
    }
}

/// The currency in which the user pays since another payment has succeeded meanwhile, if it is not
/// that of this one.
pub(super) fn other_currency(decider: &Decider<'_>, payment: &Payment) -> Option<Currency> {
    let user = decider.working_set.user(payment.client, payment.user);
    let currency = user.and_then(|user| user.currency);
    currency.filter(|currency| *currency != payment.currency)
}

/// Whether what was bought still waits for its payment, and can be had.
fn is_waited_for(decider: &Decider<'_>, payment: &Payment) -> bool {
    let now = decider.context.now;
    if let Some(gift) = payment.purpose.gift() {
        let gift = decider.working_set.gift(payment.client, gift);
        return gift.is_some_and(|gift| {
            gift.payment == Some(payment.id) && gift.effective_status(now) == GiftStatus::Incomplete
        });
    }
    let subscription = payment.purpose.subscription();
    let found = subscription.and_then(|id| decider.subscription(id).ok());
    found.is_some_and(|found| {
        let status = found.state.status();
        let can_be_had = match payment.purpose {
            Purpose::Subscribe { .. } => status == SubscriptionStatus::Pending,
            _ => status.is_live(),
        };
        can_be_had && decider.waits_for(&found, payment.id)
    })
}
