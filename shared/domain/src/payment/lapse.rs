//! `lapse_payment`: a payment is waited for no longer.

use crate::decide::{Decider, InternalRuled, OpenInternalRules};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Needs, NewIds, PaymentId, Subscription,
    SubscriptionId,
};
use serde::{Deserialize, Serialize};

/// Waits no longer for a payment of a subscription. What succeeds later is paid back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LapsePayment {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The payment.
    pub payment_id: PaymentId,
}

impl OpenInternalRules for LapsePayment {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!("lapse:{}", self.payment_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.owners_of.insert((client, self.subscription_id));
        needs.payments.insert((client, self.payment_id));
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Option<InternalRuled> {
        let now = decider.context.now;
        let stored = decider.due(self.subscription_id, self.clone())?;
        let closed = decider.close_payment_of(stored);
        let after = Subscription { updated_at: now, ..stored.clone().after_payment(now) };
        let mut changes = closed.changes;
        changes.push(Change::Subscription(after.clone()));
        let effects = closed.effect.into_iter().collect();
        let entity = Entity::Subscription(after);
        Some(InternalRuled { changes, effects, entity, settles: None })
    }
}

#[cfg(test)]
mod tests {
    use super::LapsePayment;
    use crate::samples::*;
    use crate::{
        Change, ChargeOutcome, PaymentPhase, Purpose, SettlePayment, Subscription, WorkingSet,
    };
    use chrono::TimeDelta;

    const LAPSE: LapsePayment = LapsePayment { subscription_id: HELD, payment_id: PAID };

    fn rows(payment_waits: bool) -> WorkingSet {
        let purpose = Purpose::Renew { subscription: HELD, months: 1, clears_flag: false };
        let payment = sent_payment(purpose, 500, 20);
        let payment = if payment_waits { waiting_for_user(&payment) } else { payment };
        let found = Subscription { open_payment: open(), ..held(Holding::Running) };
        working_set([Change::Subscription(found), Change::Payment(payment)])
    }

    #[test]
    fn after_23_hours_nothing_waits_for_a_payment() {
        let until = now() + TimeDelta::hours(23);
        for (waits, phase, credit, effects) in [
            (true, PaymentPhase::Cancelled, 20, vec!["stop_charge"]),
            (false, PaymentPhase::Sent, 0, vec![]),
        ] {
            let set = rows(waits);
            assert_eq!(row(&set, HELD).due(), Some(LAPSE.into()));
            assert_eq!(due_at(&set, LAPSE, until - TimeDelta::microseconds(1)), None);
            let lapsed = due_at(&set, LAPSE, until).unwrap();
            let after = after(&set, &lapsed);
            assert_eq!(row(&after, HELD).open_payment, None);
            assert_eq!(payment_in(&after, PAID).phase, phase);
            assert_eq!((alice(&after).credit, kinds(&lapsed.effects)), (credit, effects));
            assert_eq!(due_at(&after, LAPSE, until), None, "it is done once");
            // The credit is given back once, however it ends.
            let outcome = ChargeOutcome::Succeeded;
            let late = settled_at(&after, SettlePayment { payment_id: PAID, outcome }, until);
            let late = late.unwrap();
            assert_eq!(alice(&crate::samples::after(&after, &late)).credit, 20);
            assert_eq!(kinds(&late.effects), ["pay_back"]);
        }
    }
}
