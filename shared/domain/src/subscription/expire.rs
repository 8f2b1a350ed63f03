//! `expire_subscription`: marks a subscription that is past its end.

use crate::decide::{Decider, InternalRules, InternalRuling};
use crate::{Change, ClientId, Entity, IdempotencyKey, Instant, Needs, SubscriptionId};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};

/// Marks a subscription that is past its end. It does so at one end only: a subscription that was
/// prolonged meanwhile expires by another command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireSubscription {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// The end at which it expires.
    pub end_date: Instant,
}

impl InternalRules for ExpireSubscription {
    fn key(&self) -> IdempotencyKey {
        let end = self.end_date.to_rfc3339_opts(SecondsFormat::Micros, true);
        IdempotencyKey::internal(format!("expire:subscription:{}:{end}", self.subscription_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
    }

    fn decide(&self, decider: &Decider<'_>) -> InternalRuling {
        let Decider { context, working_set } = *decider;
        let subscription = working_set.subscription(context.client, self.subscription_id)?;
        let due_at = subscription.due_at().filter(|due_at| *due_at <= context.now)?;
        let expired = (due_at == self.end_date).then(|| subscription.expired(context.now))?;
        Some((vec![Change::Subscription(expired.clone())], Entity::Subscription(expired)))
    }
}
