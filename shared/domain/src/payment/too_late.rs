//! What is answered when nothing waits for a payment any more.

use super::late::{Told, bought};
use super::settle::other_currency;
use crate::decide::Decider;
use crate::{Entity, Payment, Purpose, Refusal, Subscription, SubscriptionState, Success};

impl Decider<'_> {
    /// The result of the job that made a payment: what it has made is shown as it is now; months
    /// more, or another plan, are refused. Nobody waits for the payment of a renewal by itself.
    ///
    /// `not_made` is why it was not made if the payment was waited for all the same.
    pub(super) fn told_too_late(&self, payment: &Payment, not_made: Option<Refusal>) -> Told {
        let shown = Box::new(payment.clone());
        match &payment.purpose {
            Purpose::Gift { gift } => {
                let gift = self.working_set.gift(payment.client, *gift)?.clone();
                Some(Ok(Success::Created(Entity::GiftPurchase { gift, payment: shown })))
            }
            Purpose::Renewal { .. } => None,
            Purpose::Subscribe { subscription, trial_used } => {
                let mut row = self.subscription(*subscription).ok()?;
                if row.state == SubscriptionState::Pending && payment.settled_at.is_some() {
                    row = row.expired(self.context.now);
                }
                Some(Ok(Success::Created(bought(row, Some(payment.clone()), *trial_used))))
            }
            Purpose::Renew { subscription, .. } | Purpose::ChangePlan { subscription, .. } => {
                let row = self.subscription(*subscription).ok()?;
                if row.state.status().is_live() && payment.is_in_progress() {
                    // Its end is not known, so there is no refusal yet that would be true. The row
                    // is shown as it stands, as it is for a payment that is in time.
                    return Some(Ok(Success::Changed(bought(row, Some(payment.clone()), false))));
                }
                let why = not_made.unwrap_or_else(|| self.why_not_waited_for(&row, payment));
                Some(Err(Refusal::TooLate { why: Box::new(why), payment: shown }))
            }
        }
    }

    /// Why a subscription that was to be changed by a payment does not wait for it.
    fn why_not_waited_for(&self, row: &Subscription, payment: &Payment) -> Refusal {
        let current = row.state.status();
        if !current.is_live() {
            return Refusal::SubscriptionNotActive { current };
        }
        let other = other_currency(self, payment);
        other.map_or(Refusal::PaymentLapsed, |currency| Refusal::CurrencyMismatch { currency })
    }
}
