//! `gift`: gives months to an email address.

use crate::decide::{Decider, Rules, Ruling};
use crate::{
    Change, ClientId, Email, Entity, Gift, GiftState, Needs, NewIds, Refusal, Success, UserId,
};
use serde::{Deserialize, Serialize};

/// The months of a gift whose giver names no number.
const MONTHS_DEFAULT: u32 = 1;

/// Gives months to an email address. The recipient need not be a user yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Give {
    /// The user who gives.
    pub gifter_id: UserId,
    /// The address of the recipient.
    pub recipient_email: Email,
    /// The months given; one when absent.
    pub duration_months: Option<u32>,
}

impl Rules for Give {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.users.insert((client, self.gifter_id));
        needs.new_ids.gifts += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.known_user(self.gifter_id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let Decider { context, working_set } = *decider;
        let gifter = working_set.user(context.client, self.gifter_id);
        let gift = Gift {
            gifter: gifter.ok_or(Refusal::GifterNotFound)?.id,
            id: new_ids.gift(),
            client: context.client,
            recipient_email: self.recipient_email.clone(),
            state: GiftState::Pending,
            months: self.duration_months.unwrap_or(MONTHS_DEFAULT),
            expires_at: context.now + context.gift_ttl,
            created_at: context.now,
        };
        Ok((vec![Change::Gift(gift.clone())], Success::Created(Entity::Gift(gift))))
    }
}
