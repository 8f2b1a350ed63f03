//! Waits no longer for a payment.

use crate::decide::Decider;
use crate::{
    Change, Effect, EffectTask, Grant, Instant, Payment, PaymentId, PaymentPhase, PaymentStatus,
    Refusal, StopCharge, Subscription, User,
};

/// What becomes of a payment that nothing waits for any more, and of who made it.
#[derive(Default)]
pub(crate) struct GivenUp {
    /// The user, if the user has credit back.
    pub(crate) user: Option<User>,
    /// The user and the payment, as they are written.
    pub(crate) changes: Vec<Change>,
    /// The charge that is given up, if there is one.
    pub(crate) effect: Option<Effect>,
}

impl Decider<'_> {
    /// The payment that the subscription waits for, if it is here.
    pub(crate) fn open_payment(&self, subscription: &Subscription) -> Option<&Payment> {
        self.working_set.payment(subscription.client, subscription.open_payment?.id)
    }

    /// A refusal if the end of the payment is not known that the subscription waits for.
    pub(crate) fn no_payment_in_progress(
        &self,
        subscription: &Subscription,
    ) -> Result<(), Refusal> {
        let Some(open) = subscription.open_payment else { return Ok(()) };
        let is_over = open.until <= self.context.now;
        match self.open_payment(subscription) {
            Some(payment) if is_over || !payment.is_in_progress() => Ok(()),
            None if is_over => Ok(()),
            _ => Err(Refusal::PaymentInProgress { payment: open.id }),
        }
    }

    /// A refusal if a payment is being paid back that has paid for what is not over, also before a
    /// change of plan: the same money would go to the credit of the user.
    pub(crate) fn no_refund_in_progress(&self, subscription: &Subscription) -> Result<(), Refusal> {
        let paid = self.working_set.grants_of(subscription.id).filter_map(|grant| grant.payment);
        let paid = paid.filter_map(|id| self.working_set.payment(subscription.client, id));
        let goes_on = |grant: &&Grant| grant.closed_at.is_none();
        let mut refunding = paid.filter(|payment| payment.refunding > 0);
        match refunding.find(|payment| self.paid_grants(payment).iter().any(goes_on)) {
            Some(payment) => Err(Refusal::PaymentInProgress { payment: payment.id }),
            None => Ok(()),
        }
    }

    /// Whether the subscription still waits for that payment.
    pub(crate) fn waits_for(&self, subscription: &Subscription, payment: PaymentId) -> bool {
        let open = subscription.open_payment.filter(|open| open.id == payment);
        open.is_some_and(|open| self.context.now < open.until)
    }

    /// Gives the payment up that a subscription waits for, as far as that can be done: what the
    /// user has to do something for is cancelled. What is being taken is paid back if it succeeds.
    /// The caller takes it off the subscription.
    pub(crate) fn close_payment_of(&self, subscription: &Subscription) -> GivenUp {
        let user = self.working_set.user(subscription.client, subscription.user);
        let payment = self.open_payment(subscription);
        payment.map(|payment| self.close(payment, user)).unwrap_or_default()
    }

    /// Gives a payment up in the same way. The user is needed where credit may be reserved for it.
    pub(crate) fn close(&self, payment: &Payment, user: Option<&User>) -> GivenUp {
        if payment.phase.status() != PaymentStatus::ActionRequired {
            return GivenUp::default();
        }
        let effect = self.stop_charge(payment);
        let cancelled = payment.ended(PaymentPhase::Cancelled, self.context.now);
        let user = user.filter(|_| payment.credit > 0).map(|user| user.with_credit_back(payment));
        let changes = user.clone().map(Change::ChangedUser).into_iter();
        let changes = changes.chain([Change::Payment(cancelled)]).collect();
        GivenUp { user, changes, effect }
    }

    /// The effect that gives a charge up.
    pub(crate) fn stop_charge(&self, payment: &Payment) -> Option<Effect> {
        let (id, user, provider) = (payment.id, payment.user, payment.provider?);
        let task = EffectTask::StopCharge(StopCharge { payment: id, user, provider });
        Some(Effect::new(self.context, task, 0))
    }
}

impl Subscription {
    /// This subscription, which waits for no payment.
    pub(crate) fn without_payment(self) -> Self {
        Self { open_payment: None, ..self }
    }

    /// This subscription when the payment that it waited for is over, or was given up, and has not
    /// renewed it. If its renewal has waited for that, it is tried now.
    pub(crate) fn after_payment(self, now: Instant) -> Self {
        let retry_at = if self.is_put_off() { Some(now) } else { self.retry_at };
        Self { retry_at, ..self.without_payment() }
    }
}
