//! `expire_gift`: marks a gift that was not redeemed in time.

use crate::decide::{Decider, InternalRules, InternalRuling};
use crate::{Change, ClientId, Entity, GiftId, IdempotencyKey, Needs};
use serde::{Deserialize, Serialize};

/// Marks a gift that was not redeemed in time. A gift never gets another time, so that its id alone
/// names the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireGift {
    /// The gift.
    pub gift_id: GiftId,
}

impl InternalRules for ExpireGift {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!("expire:gift:{}", self.gift_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.gifts.insert((client, self.gift_id));
    }

    fn decide(&self, decider: &Decider<'_>) -> InternalRuling {
        let Decider { context, working_set } = *decider;
        let gift = working_set.gift(context.client, self.gift_id)?;
        let expired = (gift.due_at()? <= context.now).then(|| gift.expired())?;
        Some((vec![Change::Gift(expired.clone())], Entity::Gift(expired)))
    }
}
