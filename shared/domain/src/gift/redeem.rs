//! `redeem`: turns a gift into time of a subscription.

use crate::decide::{Decider, Rules, Ruling};
use crate::{
    Change, ClientId, Entity, GiftId, GiftStatus, GrantSource, Needs, NewIds, Plan, Refusal,
    Success, UserId,
};
use serde::{Deserialize, Serialize};

/// Turns a gift into time of a subscription: of the running one, or of a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redeem {
    /// The gift to redeem.
    pub gift_id: GiftId,
    /// The user who redeems it.
    pub user_id: UserId,
}

impl Rules for Redeem {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.gifts.insert((client, self.gift_id));
        needs.users.insert((client, self.user_id));
        needs.new_ids.subscriptions += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.known_user(self.user_id)
    }

    /// The order of the refusals is part of the contract: a user who is not the recipient learns
    /// that the gift exists, but not its state.
    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let Decider { context, working_set } = *decider;
        let gift = working_set.gift(context.client, self.gift_id).ok_or(Refusal::GiftNotFound)?;
        let user = working_set.user(context.client, self.user_id).ok_or(Refusal::UserNotFound)?;
        if user.email.key() != gift.recipient_email.key() {
            return Err(Refusal::GiftNotRecipient);
        }
        match gift.effective_status(context.now) {
            GiftStatus::Pending => {}
            GiftStatus::Redeemed => return Err(Refusal::GiftAlreadyRedeemed),
            GiftStatus::Expired => {
                return Err(Refusal::GiftExpired { expired_at: gift.expires_at });
            }
        }
        let source = GrantSource::Gift(gift.id);
        let (mut changes, subscription) = match working_set.running(user.id, context.now) {
            Some(running) => decider.extend(running, gift.months, source)?,
            None => {
                let id = new_ids.subscription();
                decider.start(id, user, Plan::Monthly, gift.months, source)?
            }
        };
        let gift = gift.redeemed(user.id, context.now);
        changes.push(Change::Gift(gift.clone()));
        Ok((changes, Success::Changed(Entity::Redemption { gift, subscription })))
    }
}
