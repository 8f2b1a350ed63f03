//! `gift`: gives months to an email address.

use crate::decide::{Decider, Rules, Ruling};
use crate::plan::{months, months_schema};
use crate::read_if::read_if;
use crate::{
    Change, ClientId, Email, Entity, ExternalId, Gift, GiftState, Needs, NewIds, Refusal, Success,
    UserId, UserRef,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The months of a gift whose giver names no number.
const MONTHS_DEFAULT: u32 = 1;

/// Gives months to an email address. The recipient need not be a user yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Give {
    /// The user who gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    pub gifter_id: Option<UserId>,
    /// The external id of that user, in the place of `gifter_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub gifter_external_id: Option<ExternalId>,
    /// The address of the recipient.
    pub recipient_email: Email,
    /// The months given; one when absent.
    #[serde(default, deserialize_with = "months")]
    #[schema(schema_with = months_schema)]
    pub duration_months: Option<u32>,
}

read_if!(Give, |command| command.user().is_one(), "must name one user, in one way");

impl Give {
    const fn user(&self) -> UserRef<'_> {
        UserRef { id: self.gifter_id, external_id: self.gifter_external_id.as_ref() }
    }
}

impl Rules for Give {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        self.user().needs(client, needs);
        needs.new_ids.gifts += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.user(self.user())?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let (id, context) = (new_ids.gift(), decider.context);
        let gift = Gift {
            gifter: decider.user(self.user()).ok_or(Refusal::GifterNotFound)?.id,
            id,
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

#[cfg(test)]
mod tests {
    use super::Give;
    use crate::samples::*;
    use crate::{Change, Context, Decision, Entity, Gift, GiftId, GiftState, Refusal, UserId};
    use chrono::TimeDelta;

    fn give(gifter_id: UserId, to: &str, duration_months: Option<u32>) -> Give {
        let (gifter_id, recipient_email) = (Some(gifter_id), email(to));
        Give { gifter_id, gifter_external_id: None, recipient_email, duration_months }
    }

    fn given(gifter: UserId, to: &str, months: u32) -> Decision {
        let gift = Gift {
            id: GiftId::new(NEW),
            gifter,
            client: SHOP,
            recipient_email: email(to),
            state: GiftState::Pending,
            months,
            expires_at: at("2026-07-15T12:00:00.123456Z"),
            created_at: now(),
        };
        created(gifter, Entity::Gift(gift.clone()), vec![Change::Gift(gift)])
    }

    #[test]
    fn nothing_that_the_gifter_has_stands_in_the_way() {
        for state in Holding::ALL {
            let found = decided(&holding(state, []), give(ALICE, "bob@example.com", Some(3)));
            assert_eq!(found, given(ALICE, "bob@example.com", 3), "{state:?}");
        }
    }

    #[test]
    fn the_recipient_may_be_anybody_and_need_not_be_a_user_yet() {
        for (to, months, expected) in [
            ("New.Comer@example.org", Some(120), 120),
            ("alice@example.com", Some(2), 2),
            ("carol@example.com", None, 1),
        ] {
            let found = decided(&working_set([]), give(ALICE, to, months));
            assert_eq!(found, given(ALICE, to, expected));
        }
    }

    #[test]
    fn no_user_of_another_client_can_give() {
        for stranger in [NOBODY, EVE] {
            let found = decided(&working_set([]), give(stranger, "bob@example.com", Some(3)));
            assert_eq!(found, refused(None, Refusal::GifterNotFound));
        }
    }

    /// Days are 24 hours: no clock is put back or forward in UTC.
    #[test]
    fn a_gift_lives_for_as_long_as_the_settings_say() {
        for days in [1, 30, 1825] {
            let context = Context { gift_ttl: TimeDelta::days(days), ..context(now()) };
            let found = decided_in(&working_set([]), give(BOB, "a@b.org", None), &context);
            let gift = gift_of(&found);
            assert_eq!(gift.expires_at - gift.created_at, TimeDelta::hours(24 * days));
        }
    }

    #[test]
    fn a_gift_can_be_given_at_any_time() {
        for time in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59.999999Z", "9999-11-30T00:00:00Z"]
        {
            let found = decided_at(&working_set([]), give(BOB, "a@b.org", None), at(time));
            assert_eq!(gift_of(&found).expires_at, at(time) + GIFT_TTL);
        }
    }
}
