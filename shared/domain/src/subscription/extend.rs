//! `extend`: gives a subscription months for nothing.

use crate::bounded::{printable, within};
use crate::decide::{Decider, Rules, Ruling};
use crate::plan::months_schema;
use crate::{
    ClientId, Entity, GrantSource, MONTHS_MAX, MONTHS_MIN, Needs, NewGrant, NewIds, SubscriptionId,
    SubscriptionStatus, Success, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest reason, in characters.
const REASON_MAX: usize = 500;

/// Gives a subscription months for nothing, as goodwill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Extend {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The added months.
    #[serde(deserialize_with = "within::<{ MONTHS_MIN as u64 }, { MONTHS_MAX as u64 }, _, _>")]
    #[schema(schema_with = months_schema)]
    pub months: u32,
    /// Why, for those who look at it later.
    #[serde(deserialize_with = "printable::<REASON_MAX, _>")]
    #[schema(min_length = 1, max_length = 500, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    pub reason: String,
}

impl Rules for Extend {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.money = true;
        needs.new_ids.grants += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let id = new_ids.grant();
        let is_entitled = SubscriptionStatus::is_entitled;
        let running = decider.subscription_that(self.subscription_id, is_entitled)?;
        decider.no_payment_in_progress(&running)?;
        let source = GrantSource::Goodwill { reason: self.reason.clone() };
        let grant = NewGrant { id, source, worth: None };
        let (changes, extended) = decider.extend(&running, self.months, grant)?;
        Ok((changes, Success::Changed(Entity::Subscription(extended))))
    }
}

#[cfg(test)]
mod tests {
    use super::Extend;
    use crate::samples::*;
    use crate::{
        Change, Entity, GrantSource, Refusal, Slice, Subscription, SubscriptionState,
        SubscriptionStatus,
    };

    fn extend() -> Extend {
        Extend { subscription_id: HELD, months: 2, reason: "an outage".to_owned() }
    }

    #[test]
    fn it_is_longer_and_the_reason_is_kept() {
        let longer = extended(&held(Holding::Running), 4, at("2026-09-30T08:00:00Z"));
        let source = GrantSource::Goodwill { reason: "an outage".to_owned() };
        let slice = Slice { start: held(Holding::Running).end_date, end: longer.end_date };
        let granted = Change::Grant(grant(HELD, source, 2, slice));
        let changes = vec![Change::Subscription(longer.clone()), granted];
        let found = decided(&holding(Holding::Running, []), extend());
        assert_eq!(found, changed(ALICE, Entity::Subscription(longer), changes));
    }

    #[test]
    fn a_failed_renewal_is_made_good_and_what_ends_at_its_end_still_does() {
        let cancelling = SubscriptionState::Cancelling { at: now() };
        for (before, after) in
            [(SubscriptionState::PastDue, SubscriptionState::Active), (cancelling, cancelling)]
        {
            let found = Subscription { state: before, ..held(Holding::Running) };
            let rows = working_set([Change::Subscription(found)]);
            assert_eq!(subscription_of(&decided(&rows, extend())).state, after);
        }
    }

    #[test]
    fn what_has_ended_or_stands_still_is_not_longer() {
        let paused = SubscriptionState::Paused { at: now(), resume_at: None };
        for (state, current) in [
            (paused, SubscriptionStatus::Paused),
            (SubscriptionState::Expired, SubscriptionStatus::Expired),
        ] {
            let found = Subscription { state, ..held(Holding::Running) };
            let rows = working_set([Change::Subscription(found)]);
            let refusal = Refusal::SubscriptionNotActive { current };
            assert_eq!(decided(&rows, extend()), refused(ALICE, refusal));
        }
    }
}
