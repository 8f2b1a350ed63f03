//! What follows when a user has another default payment method.

use crate::decide::Decider;
use crate::subscription::attempt_renewal;
use crate::{
    Change, Conversion, Effect, NewIds, PaymentMethod, Subscription, SubscriptionStatus, User,
};

impl Decider<'_> {
    /// The rows and effects once `method` is the one of its user that is charged. A trial can be
    /// paid at its end then, and a renewal that has failed is tried at once.
    pub(super) fn with_default(
        &self,
        user: &User,
        method: &PaymentMethod,
        new_ids: &mut NewIds,
    ) -> (Vec<Change>, Vec<Effect>) {
        let now = self.context.now;
        let user = User { default_method: Some(method.id), ..user.clone() };
        let live = self.working_set.live(user.id, now);
        let mut changes = vec![Change::Method(method.clone()), Change::ChangedUser(user)];
        match live {
            Some(live) if live.state.status() == SubscriptionStatus::Trialing => {
                changes.extend(self.payable(live, true));
                (changes, Vec::new())
            }
            Some(live) if self.is_owed(&live) => {
                // The attempt is to see the new method.
                let mut after = self.working_set.clone();
                for change in &changes {
                    after.apply(change.clone());
                }
                let decider = Decider { working_set: &after, context: self.context };
                let attempted = attempt_renewal(&decider, &live, live.attempts + 1, new_ids);
                changes.extend(attempted.changes);
                (changes, attempted.effects)
            }
            _ => (changes, Vec::new()),
        }
    }

    /// Whether a renewal has failed, and nothing is being paid for it.
    fn is_owed(&self, live: &Subscription) -> bool {
        live.state.status() == SubscriptionStatus::PastDue
            && live.is_renewed()
            && self.no_payment_in_progress(live).is_ok()
    }

    /// The rows of a trial that can be paid at its end, or cannot any more.
    pub(super) fn payable(&self, trialing: Subscription, is_payable: bool) -> Vec<Change> {
        let owed = trialing.conversion.filter(|first| first.is_payable != is_payable);
        let Some(first) = owed else { return Vec::new() };
        let conversion = Some(Conversion { is_payable, ..first });
        let updated_at = self.context.now;
        self.with_marks(&Subscription { conversion, updated_at, ..trialing })
    }
}
