//! When a renewal that failed, or could not be tried, is tried again.

use crate::{Instant, Subscription, SubscriptionState};
use chrono::TimeDelta;

/// The days after the end at which a failed renewal is tried again.
const RETRY_DAYS: [i64; 3] = [1, 3, 5];

impl Subscription {
    /// This subscription, whose renewal is tried when the payment is over that it waits for.
    pub(super) fn put_off(self) -> Self {
        let retry_at = self.open_payment.map(|open| open.until);
        Self { retry_at, ..self }
    }

    /// Whether its renewal was due while it waited for this payment of a client, and was put off.
    pub(crate) fn is_put_off(&self) -> bool {
        let retry_at = self.retry_at.filter(|at| !self.retries().contains(at));
        retry_at.is_some() && retry_at == self.open_payment.map(|open| open.until)
    }

    /// This subscription after an attempt to renew it that failed: it goes on until the end of its
    /// grace, and is tried again at that instant, or now if that is over.
    pub(super) fn after_failed_attempt(&self, retry_at: Option<Instant>, now: Instant) -> Self {
        let in_grace = now < self.grace_end();
        let retry_at = retry_at.map(|at| at.max(now)).filter(|_| in_grace);
        let state = if in_grace { SubscriptionState::PastDue } else { SubscriptionState::Expired };
        Self { state, retry_at, open_payment: None, updated_at: now, ..self.clone() }
    }

    /// The next instant inside its grace at which a renewal is tried again that was tried at this
    /// one and failed.
    pub(super) fn next_retry(&self, tried_at: Instant) -> Option<Instant> {
        self.retries().into_iter().find(|at| tried_at < *at && *at < self.grace_end())
    }

    /// The instants at which a failed renewal is tried again.
    fn retries(&self) -> [Instant; RETRY_DAYS.len()] {
        RETRY_DAYS.map(|days| self.end_date + TimeDelta::days(days))
    }
}
