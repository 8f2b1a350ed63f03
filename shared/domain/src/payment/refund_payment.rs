//! `refund`: pays money back.

use crate::decide::{Decider, OpenRules, Ruled};
use crate::{
    Change, ClientId, DisputeStatus, Needs, NewIds, PAYMENT_MAX, Payment, PaymentId, PaymentPhase,
    Purpose, Refund, RefundStatus, Refusal, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Pays a payment back, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundPayment {
    /// The payment.
    pub payment_id: PaymentId,
    /// The amount, in the smallest unit of its currency; all that can be paid back when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "amount")]
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991_u64, example = 1500)]
    pub amount: Option<u64>,
    /// Whether the subscription that was bought ends with it.
    #[serde(default, skip_serializing_if = "crate::bounded::is_false")]
    pub cancel: bool,
}

impl OpenRules for RefundPayment {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.payments.insert((client, self.payment_id));
        needs.money = true;
        needs.new_ids.refunds += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.working_set.payment(decider.context.client, self.payment_id)?.user)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let (id, context) = (new_ids.refund(), decider.context);
        let found = decider.working_set.payment(context.client, self.payment_id);
        let payment = found.ok_or(Refusal::PaymentNotFound)?;
        let provider = payment.provider.filter(|_| payment.phase == PaymentPhase::Succeeded);
        let provider = provider.ok_or(Refusal::PaymentNotRefundable)?;
        let dispute = payment.dispute.as_ref();
        if dispute.is_some_and(|dispute| dispute.status == DisputeStatus::Opened) {
            return Err(Refusal::PaymentDisputed);
        }
        let left = decider.refundable(payment);
        if left == 0 && self.amount.is_none() {
            return Err(Refusal::PaymentNotRefundable);
        }
        if let Some(subscription) = payment.purpose.subscription() {
            decider.no_payment_in_progress(&decider.subscription(subscription)?)?;
        }
        let amount = self.amount.unwrap_or(left);
        if amount > left {
            return Err(Refusal::RefundTooLarge { amount_max: left });
        }
        if payment.purpose.gift().is_some() && amount != payment.cash {
            return Err(Refusal::RefundPartialGift);
        }
        let refund = Refund {
            id,
            client: payment.client,
            payment: payment.id,
            amount,
            currency: payment.currency,
            status: RefundStatus::Pending,
            is_of_late_money: false,
            cancels: self.cancel,
            job: context.job,
            created_at: context.now,
            settled_at: None,
        };
        let effect = decider.pay_back(&refund, payment.user, provider);
        let refunding = payment.refunding + amount;
        let payment = Payment { refunding, ..payment.clone() };
        let changes = vec![Change::Payment(payment), Change::Refund(refund)];
        Ok(Ruled { changes, effects: vec![effect], success: None })
    }
}

impl Decider<'_> {
    /// What can be paid back of a payment: its cash, without what was paid back or is being,
    /// without what was lost by a dispute, and without what went to the credit of the user since. A
    /// gift is paid back whole, whatever has become of it.
    fn refundable(&self, payment: &Payment) -> u64 {
        let to_credit = match payment.purpose {
            Purpose::Gift { .. } => 0,
            _ => self.moved_to_credit(payment),
        };
        payment.cash.saturating_sub(payment.returned()).saturating_sub(to_credit)
    }
}

fn amount<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    struct Read(#[serde(deserialize_with = "crate::bounded::within::<1, PAYMENT_MAX, _, _>")] u64);
    Ok(Option::<Read>::deserialize(input)?.map(|Read(amount)| amount))
}
