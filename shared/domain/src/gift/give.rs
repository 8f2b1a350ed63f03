//! `gift`: gives months to an email address.

use crate::decide::{Decider, Ruling};
use crate::{Change, Email, Gift, GiftId, GiftState, Refusal, Success, UserId};

/// The months of a gift whose giver names no number.
const MONTHS_DEFAULT: u32 = 1;

impl Decider<'_> {
    /// Decides a `gift`. The recipient need not be a user yet.
    pub(crate) fn give(
        &self,
        id: GiftId,
        gifter: UserId,
        recipient_email: &Email,
        months: Option<u32>,
    ) -> Ruling {
        let Self { context, working_set } = *self;
        let gifter = working_set.user(context.client, gifter).ok_or(Refusal::GifterNotFound)?;
        let gift = Gift {
            id,
            gifter: gifter.id,
            client: context.client,
            recipient_email: recipient_email.clone(),
            state: GiftState::Pending,
            months: months.unwrap_or(MONTHS_DEFAULT),
            expires_at: context.now + context.gift_ttl,
            created_at: context.now,
        };
        Ok((vec![Change::Gift(gift.clone())], Success::GiftCreated(gift)))
    }
}
