//! `cancel`: ends a running subscription at once.

use crate::decide::{Decider, Rules, Ruling};
use crate::{Change, ClientId, Entity, Needs, NewIds, SubscriptionId, Success, UserId};
use serde::{Deserialize, Serialize};

/// Ends a running subscription at once. Its `end_date` does not move, so that the bought term stays
/// on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The subscription to end.
    pub subscription_id: SubscriptionId,
}

impl Rules for Cancel {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let cancelled = decider.active(self.subscription_id)?.cancelled(decider.context.now);
        let changes = vec![Change::Subscription(cancelled.clone())];
        Ok((changes, Success::Changed(Entity::Subscription(cancelled))))
    }
}
