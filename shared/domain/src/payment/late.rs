//! What becomes of a payment when nothing waits for it any more.

use crate::decide::{Decider, InternalRuled, Settles};
use crate::{
    Change, ChargeOutcome, DeclineCode, Effect, EffectTask, Entity, NewIds, PayBack, Payment,
    PaymentPhase, Refund, RefundId, RefundStatus, Refusal, Subscription, SubscriptionState,
    Success, User,
};

/// The result of the job that made a payment; none if there is nothing to tell.
pub(super) type Told = Option<Result<Success, Refusal>>;

impl Decider<'_> {
    /// Takes in the outcome of a payment that nothing waits for: money that was taken is paid back
    /// by itself, and so is credit.
    pub(crate) fn late(
        &self,
        payment: &Payment,
        outcome: &ChargeOutcome,
        new_ids: &mut NewIds,
    ) -> Option<InternalRuled> {
        match outcome {
            ChargeOutcome::Succeeded => self.late_success(payment, None, new_ids.refund()),
            ChargeOutcome::Declined { decline } => {
                let (declined, mut changes) = self.declined(payment, decline);
                changes.extend(self.released(payment));
                let told = Err(refused(&declined, decline));
                Some(ruled(declined, changes, None, Some(told)))
            }
            ChargeOutcome::ActionRequired { .. } => {
                let cancelled = payment.ended(PaymentPhase::Cancelled, self.context.now);
                let changes = self.credit_back(payment).into_iter();
                let changes = changes.chain([Change::Payment(cancelled.clone())]);
                let changes = changes.chain(self.released(payment)).collect();
                let told = self.told_too_late(&cancelled, None);
                Some(ruled(cancelled, changes, self.stop_charge(payment), told))
            }
            ChargeOutcome::Unknown | ChargeOutcome::StillUnknown => {
                let told = self.told_too_late(payment, None);
                Some(still_unknown(payment, told))
            }
        }
    }

    /// Takes in that a payment has succeeded that was waited for, though what it has paid for
    /// cannot be made: that is refused for this reason.
    pub(crate) fn paid_but_not_made(
        &self,
        payment: &Payment,
        why: Refusal,
        new_ids: &mut NewIds,
    ) -> Option<InternalRuled> {
        self.late_success(payment, Some(why), new_ids.refund())
    }

    fn late_success(
        &self,
        payment: &Payment,
        not_made: Option<Refusal>,
        id: RefundId,
    ) -> Option<InternalRuled> {
        let (now, provider) = (self.context.now, payment.provider?);
        let taken = payment.ended(PaymentPhase::Succeeded, now);
        let taken = Payment { refunding: payment.cash, ..taken };
        let refund = Refund {
            id,
            client: payment.client,
            payment: payment.id,
            amount: payment.cash,
            currency: payment.currency,
            status: RefundStatus::Pending,
            is_of_late_money: true,
            cancels: false,
            job: self.context.job,
            created_at: now,
            settled_at: None,
        };
        // One that was given up has its credit back already.
        let credit = self.credit_back(payment).filter(|_| payment.settled_at.is_none());
        let changes = credit.into_iter().chain(self.late_money(payment));
        let effect = self.pay_back(&refund, payment.user, provider);
        let changes = changes
            .chain([Change::Payment(taken.clone()), Change::Refund(refund)])
            .chain(self.released(payment))
            .collect();
        let told = self.told_too_late(&taken, not_made);
        Some(ruled(taken, changes, Some(effect), told))
    }

    /// The subscription, if it is stored as one that waits for that payment: it waits no longer.
    /// One that is pending ends with that.
    fn released(&self, payment: &Payment) -> Option<Change> {
        let stored = self.working_set.subscription(payment.client, payment.purpose.subscription()?);
        let waits = stored.filter(|row| row.open_payment.is_some_and(|open| open.id == payment.id));
        let (row, now) = (waits?.clone(), self.context.now);
        Some(Change::Subscription(match row.state {
            SubscriptionState::Pending => row.expired(now).without_payment(),
            _ => Subscription { updated_at: now, ..row.after_payment(now) },
        }))
    }

    /// The effect that pays money back.
    pub(crate) fn pay_back(
        &self,
        refund: &Refund,
        user: crate::UserId,
        provider: crate::Provider,
    ) -> Effect {
        let task = EffectTask::PayBack(PayBack {
            refund: refund.id,
            payment: refund.payment,
            user,
            provider,
            amount: refund.amount,
            currency: refund.currency,
            first_sent: None,
            is_told: false,
        });
        Effect::new(self.context, task, 0)
    }

    /// The credit that was reserved for a payment, given back.
    pub(crate) fn credit_back(&self, payment: &Payment) -> Option<Change> {
        let user = self.working_set.user(payment.client, payment.user)?;
        (payment.credit > 0).then(|| Change::ChangedUser(user.with_credit_back(payment)))
    }

    /// The user after a payment that succeeded, if that changes anything.
    pub(crate) fn payer(&self, payment: &Payment) -> Option<Change> {
        let user = self.working_set.user(payment.client, payment.user)?;
        let after: User = user.paid(payment);
        (after != *user).then_some(Change::ChangedUser(after))
    }

    /// A payment that was declined, and the rows of the payment and its user.
    pub(crate) fn declined(
        &self,
        payment: &Payment,
        decline: &DeclineCode,
    ) -> (Payment, Vec<Change>) {
        let phase = PaymentPhase::Declined { decline_code: decline.code.clone() };
        let declined = payment.ended(phase, self.context.now);
        let back = self.credit_back(payment).into_iter();
        (declined.clone(), back.chain([Change::Payment(declined)]).collect())
    }
}

/// The provider does not say what came of a payment. Nobody is told.
pub(crate) fn unknown(payment: &Payment) -> Option<InternalRuled> {
    let is_asked = matches!(payment.phase, PaymentPhase::Created | PaymentPhase::Sent);
    let unknown = payment.in_phase(PaymentPhase::Unknown);
    let changes = vec![Change::Payment(unknown.clone())];
    is_asked.then(|| ruled(unknown, changes, None, None))
}

/// It still does not say: whoever waits is told how things stand.
pub(crate) fn still_unknown(payment: &Payment, told: Told) -> InternalRuled {
    let is_asked = matches!(payment.phase, PaymentPhase::Created | PaymentPhase::Sent);
    let unknown = payment.in_phase(PaymentPhase::Unknown);
    let changes = is_asked.then(|| Change::Payment(unknown.clone()));
    ruled(unknown, changes.into_iter().collect(), None, told)
}

/// What the buyer of a subscription is shown.
pub(crate) fn bought(
    subscription: Subscription,
    payment: Option<Payment>,
    trial_used: bool,
) -> Entity {
    if payment.is_none() && !trial_used {
        return Entity::Subscription(subscription);
    }
    Entity::Purchase { subscription, payment: payment.map(Box::new), trial_used }
}

/// The refusal of what was not paid.
pub(crate) fn refused(payment: &Payment, decline: &DeclineCode) -> Refusal {
    Refusal::PaymentDeclined {
        payment: Box::new(payment.clone()),
        decline_code: decline.code.clone(),
    }
}

/// The ruling on the outcome of a payment. The job that made it is told, if there is something to
/// tell.
pub(crate) fn ruled(
    payment: Payment,
    changes: Vec<Change>,
    effect: Option<Effect>,
    told: Told,
) -> InternalRuled {
    let settles = told.map(|result| Settles { job: payment.job, result });
    let effects = effect.into_iter().collect();
    InternalRuled { changes, effects, entity: Entity::Payment(payment), settles }
}
