//! `expire_gift`: marks a gift that was not redeemed in time.

use crate::decide::{Decider, InternalRuled, OpenInternalRules};
use crate::{Change, ClientId, Entity, GiftId, GiftState, GivenUp, IdempotencyKey, Needs, NewIds};
use serde::{Deserialize, Serialize};

/// Marks a gift that was not redeemed in time, or not paid in time. A gift never gets another time,
/// so that its id alone names the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpireGift {
    /// The gift.
    pub gift_id: GiftId,
}

impl OpenInternalRules for ExpireGift {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!("expire:gift:{}", self.gift_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.gifts.insert((client, self.gift_id));
        needs.money = true;
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Option<InternalRuled> {
        let Decider { context, working_set } = *decider;
        let gift = working_set.gift(context.client, self.gift_id)?;
        let expired = (gift.due_at()? <= context.now).then(|| gift.expired())?;
        let payment = gift.payment.filter(|_| gift.state == GiftState::Incomplete);
        let payment = payment.and_then(|id| working_set.payment(context.client, id));
        let closed = payment.map(|payment| decider.close(payment, None)).unwrap_or_default();
        let GivenUp { mut changes, effect, .. } = closed;
        changes.push(Change::Gift(expired.clone()));
        changes.extend(decider.gift_is_missed(gift));
        let (effects, entity) = (effect.into_iter().collect(), Entity::Gift(expired));
        Some(InternalRuled { changes, effects, entity, settles: None })
    }
}

#[cfg(test)]
mod tests {
    use super::ExpireGift;
    use crate::samples::*;
    use crate::{Change, Decision, Entity, Gift, GiftState, InternalCommand, decide_internal};
    use chrono::TimeDelta;

    const EXPIRE: ExpireGift = ExpireGift { gift_id: SENT };

    fn marked(state: Sent) -> Decision {
        let expired = Gift { state: GiftState::Expired, ..sent(state) };
        let changes = vec![Change::Gift(expired.clone())];
        changed(sent(state).gifter, Entity::Gift(expired), changes)
    }

    #[test]
    fn only_a_gift_of_the_client_that_is_past_its_expiry_and_not_marked_expires() {
        for state in Sent::ALL {
            let expected = (state == Sent::Missed).then(|| marked(state));
            assert_eq!(due_at(&sending(state, []), EXPIRE, now()), expected, "{state:?}");
        }
    }

    #[test]
    fn a_pending_gift_expires_from_the_instant_of_its_expiry_on() {
        let (rows, expiry) = (sending(Sent::Pending, []), sent(Sent::Pending).expires_at);
        let tick = TimeDelta::microseconds(1);
        assert_eq!(due_at(&rows, EXPIRE, expiry - tick), None);
        for now in [expiry, expiry + tick, expiry + TimeDelta::days(4000)] {
            assert_eq!(due_at(&rows, EXPIRE, now), Some(marked(Sent::Pending)));
        }
    }

    /// Its time may have come when it was found, and no longer when it is locked.
    #[test]
    fn one_that_was_redeemed_or_marked_meanwhile_does_not_expire() {
        let missed = sent(Sent::Missed);
        for meanwhile in [missed.redeemed(ALICE, at("2026-06-09T00:00:00Z")), missed.expired()] {
            let rows = working_set([Change::Gift(meanwhile)]);
            assert_eq!(due_at(&rows, EXPIRE, now()), None);
        }
    }

    #[test]
    fn it_is_done_for_the_client_of_the_gift_only() {
        let (rows, expiry) = (sending(Sent::OtherClients, []), sent(Sent::OtherClients).expires_at);
        let context = crate::Context { client: RIVAL, ..context(expiry) };
        assert_eq!(due_at(&rows, EXPIRE, expiry), None);
        let found = decide_internal(&rows, &context, &EXPIRE.into(), &mut new_ids()).unwrap();
        assert_eq!(found, marked(Sent::OtherClients));
        assert_eq!(found.user, Some(EVE));
    }

    #[test]
    fn a_gift_has_one_key() {
        assert_eq!(InternalCommand::from(EXPIRE).key().as_str(), "expire:gift:20");
    }

    #[test]
    fn what_is_due_of_a_gift_is_its_expiry_while_it_is_stored_as_pending() {
        for state in Sent::ALL {
            let done = matches!(state, Sent::Redeemed | Sent::RedeemedLongAgo | Sent::Expired);
            let (gift, due) = (sent(state), !done);
            assert_eq!(gift.due_at(), due.then_some(gift.expires_at), "{state:?}");
            assert_eq!(gift.due(), due.then(|| InternalCommand::from(EXPIRE)), "{state:?}");
        }
    }
}
