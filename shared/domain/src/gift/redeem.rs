//! `redeem`: turns a gift into time of a subscription.

use crate::decide::{Decider, Ruling};
use crate::{
    Change, GiftId, GiftStatus, GrantSource, Plan, Refusal, SubscriptionId, Success, UserId,
};

impl Decider<'_> {
    /// Decides a `redeem`. The order of the refusals is part of the contract: a user who is not the
    /// recipient learns that the gift exists, but not its state.
    pub(crate) fn redeem(&self, new: SubscriptionId, gift: GiftId, user: UserId) -> Ruling {
        let Self { context, working_set } = *self;
        let gift = working_set.gift(context.client, gift).ok_or(Refusal::GiftNotFound)?;
        let user = working_set.user(context.client, user).ok_or(Refusal::UserNotFound)?;
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
            Some(running) => self.extend(running, gift.months, source)?,
            None => self.start_subscription(new, user, Plan::Monthly, gift.months, source)?,
        };
        let gift = gift.redeemed(user.id, context.now);
        changes.push(Change::Gift(gift.clone()));
        Ok((changes, Success::Redeemed { gift, subscription }))
    }
}
