//! `redeem`: turns a gift into time of a subscription.

use super::granted::grant_months;
use crate::decide::{Decider, Rules, Ruling};
use crate::read_if::read_if;
use crate::{
    Change, ClientId, Entity, ExternalId, GiftId, GiftState, Needs, NewIds, Refusal, Success,
    UserId, UserRef,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Turns a gift into time of a subscription: of the running one if that is of the same tier, or of
/// a new one, which begins at once if none runs, and else when the running one ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Redeem {
    /// The gift to redeem.
    pub gift_id: GiftId,
    /// The user who redeems it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    pub user_id: Option<UserId>,
    /// The external id of that user, in the place of `user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub external_id: Option<ExternalId>,
}

read_if!(Redeem, |command| command.user().is_one(), "must name one user, in one way");

impl Redeem {
    const fn user(&self) -> UserRef<'_> {
        UserRef { id: self.user_id, external_id: self.external_id.as_ref() }
    }
}

impl Rules for Redeem {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.gifts.insert((client, self.gift_id));
        self.user().needs(client, needs);
        needs.money = true;
        needs.beside_gifts = true;
        needs.new_ids.subscriptions += 1;
        needs.new_ids.grants += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.user(self.user())?.id)
    }

    /// The order of the refusals is part of the contract: a user who is not the recipient learns
    /// that the gift exists, but not its state.
    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Ruling {
        let Decider { context, working_set } = *decider;
        let ids = (new_ids.subscription(), new_ids.grant());
        let gift = working_set.gift(context.client, self.gift_id).ok_or(Refusal::GiftNotFound)?;
        let user = decider.user(self.user()).ok_or(Refusal::UserNotFound)?;
        if user.email.key() != gift.recipient_email.key() {
            return Err(Refusal::GiftNotRecipient);
        }
        let expired_at = gift.expiry();
        match gift.state {
            GiftState::Redeemed { recipient, at: redeemed_at } => {
                // The address may belong to somebody else now.
                let subscription = working_set.redeemed_into(gift.id);
                let subscription = subscription.filter(|_| recipient == user.id);
                return Err(Refusal::GiftAlreadyRedeemed { redeemed_at, subscription });
            }
            GiftState::Cancelled => return Err(Refusal::GiftCancelled),
            GiftState::Expired => return Err(Refusal::GiftExpired { expired_at }),
            GiftState::Pending | GiftState::Incomplete if expired_at <= context.now => {
                return Err(Refusal::GiftExpired { expired_at });
            }
            GiftState::Incomplete => {
                let payment = gift.payment.ok_or(Refusal::GiftNotFound)?;
                return Err(Refusal::PaymentInProgress { payment });
            }
            GiftState::Pending => {}
        }
        let (mut changes, subscription) = grant_months(decider, gift, user, ids)?;
        changes.extend(decider.gift_is_redeemed(gift));
        let gift = gift.redeemed(user.id, context.now);
        changes.push(Change::Gift(gift.clone()));
        Ok((changes, Success::Changed(Entity::Redemption { gift, subscription })))
    }
}

#[cfg(test)]
mod tests {
    use super::Redeem;
    use crate::samples::*;
    use crate::{
        Change, Decision, Entity, Gift, GiftId, GiftState, GrantSource, Instant, Refusal, Slice,
        Subscription, SubscriptionId, SubscriptionState, UserId,
    };
    use chrono::TimeDelta;

    const SOURCE: GrantSource = GrantSource::Gift(SENT);

    const fn redeem(user_id: UserId) -> Redeem {
        Redeem { gift_id: SENT, user_id: Some(user_id), external_id: None }
    }

    fn pending() -> Change {
        Change::Gift(sent(Sent::Pending))
    }

    fn expected(holding: Holding) -> Decision {
        let (mut changes, subscription) = if holding == Holding::Running {
            let longer = extended(&held(holding), 5, at("2026-10-31T08:00:00Z"));
            let slice = Slice { start: held(holding).end_date, end: longer.end_date };
            let granted = Change::Grant(grant(HELD, SOURCE, 3, slice));
            (vec![Change::Subscription(longer.clone()), granted], longer)
        } else {
            let new = begun(ALICE, "monthly", 3, at("2026-09-15T12:00:00.123456Z"));
            (begin(&new, SOURCE, holding), new)
        };
        let state = GiftState::Redeemed { recipient: ALICE, at: now() };
        let gift = Gift { state, ..sent(Sent::Pending) };
        changes.push(Change::Gift(gift.clone()));
        changed(ALICE, Entity::Redemption { gift, subscription }, changes)
    }

    #[test]
    fn a_gift_extends_what_runs_and_else_begins_a_subscription() {
        for state in Holding::ALL {
            let found = decided(&holding(state, [pending()]), redeem(ALICE));
            assert_eq!(found, expected(state), "{state:?}");
        }
    }

    fn redeemed_at(gift: Sent) -> Instant {
        sent(gift).state.redemption().unwrap().1
    }

    /// The refusal of that gift to that user; `None` when it is redeemed.
    fn refusal(sent: Sent, user: UserId) -> Option<Refusal> {
        match (sent, user) {
            (Sent::Nothing | Sent::OtherClients, _) => Some(Refusal::GiftNotFound),
            (_, NOBODY | EVE) => Some(Refusal::UserNotFound),
            (_, BOB) => Some(Refusal::GiftNotRecipient),
            (Sent::Redeemed | Sent::RedeemedLongAgo, _) => {
                let redeemed_at = redeemed_at(sent);
                Some(Refusal::GiftAlreadyRedeemed { redeemed_at, subscription: None })
            }
            (Sent::Missed | Sent::Expired, _) => {
                Some(Refusal::GiftExpired { expired_at: at(GIFT_EXPIRY) })
            }
            (Sent::Pending, _) => None,
        }
    }

    /// A stranger learns that the gift exists, and nothing of its state. Eve has the email of the
    /// recipient, but belongs to another client.
    #[test]
    fn refusals_come_in_the_order_of_the_contract() {
        for state in Sent::ALL {
            for user in [ALICE, BOB, NOBODY, EVE] {
                let found = decided(&sending(state, []), redeem(user));
                let known = [ALICE, BOB].contains(&user).then_some(user);
                match refusal(state, user) {
                    Some(refusal) => assert_eq!(found, refused(known, refusal), "{state:?}"),
                    None => assert_eq!(found, expected(Holding::Nothing)),
                }
            }
        }
    }

    #[test]
    fn a_gift_can_be_redeemed_until_the_instant_it_expires() {
        let (rows, expired_at) = (sending(Sent::Pending, []), sent(Sent::Pending).expires_at);
        let before = decided_at(&rows, redeem(ALICE), expired_at - TimeDelta::microseconds(1));
        assert!(before.outcome.success().is_some(), "{before:?}");
        let late = refused(ALICE, Refusal::GiftExpired { expired_at });
        assert_eq!(decided_at(&rows, redeem(ALICE), expired_at), late);
        // One that nobody paid had less time, whether or not that it is over is marked.
        for state in [GiftState::Incomplete, GiftState::Expired] {
            let unpaid = Gift { state, payment: Some(PAID), ..sent(Sent::Pending) };
            let expired_at = unpaid.created_at + TimeDelta::hours(23);
            let rows = sending(Sent::Pending, [Change::Gift(unpaid)]);
            let late = refused(ALICE, Refusal::GiftExpired { expired_at });
            assert_eq!(decided_at(&rows, redeem(ALICE), expired_at), late);
        }
    }

    #[test]
    fn second_redeem_of_a_gift_is_rejected() {
        let mut rows = sending(Sent::Pending, []);
        for change in decided(&rows, redeem(ALICE)).changes {
            rows.apply(change);
        }
        let subscription = Some(SubscriptionId::new(NEW));
        let redeemed = Refusal::GiftAlreadyRedeemed { redeemed_at: now(), subscription };
        assert_eq!(decided(&rows, redeem(ALICE)), refused(ALICE, redeemed));
        // So it is when the grant is not here.
        let mut rows = sending(Sent::Redeemed, []);
        rows.add_redemption(SENT, HELD);
        let redeemed_at = redeemed_at(Sent::Redeemed);
        let redeemed = Refusal::GiftAlreadyRedeemed { redeemed_at, subscription: Some(HELD) };
        assert_eq!(decided(&rows, redeem(ALICE)), refused(ALICE, redeemed));
        // Whose address it was is told nothing of the subscription of who had it before.
        let state = GiftState::Redeemed { recipient: BOB, at: redeemed_at };
        rows.apply(Change::Gift(Gift { state, ..sent(Sent::Redeemed) }));
        let redeemed = Refusal::GiftAlreadyRedeemed { redeemed_at, subscription: None };
        assert_eq!(decided(&rows, redeem(ALICE)), refused(ALICE, redeemed));
        assert_eq!(decided(&rows, redeem(BOB)), refused(BOB, Refusal::GiftNotRecipient));
    }

    #[test]
    fn a_gift_of_the_same_tier_extends_a_yearly_plan_by_any_number_of_months() {
        let yearly = Subscription { plan: "yearly".to_owned(), ..held(Holding::Running) };
        let rows = working_set([Change::Subscription(yearly), pending()]);
        let found = decided(&rows, redeem(ALICE));
        let extended = subscription_of(&found);
        assert_eq!((extended.plan.as_str(), extended.months), ("yearly", 5));
    }

    #[test]
    fn a_gift_at_the_instant_of_the_end_begins_a_new_subscription() {
        let end = at("2026-06-20T00:00:00Z");
        let ending = Subscription { end_date: end, ..held(Holding::Running) };
        let rows = working_set([Change::Subscription(ending.clone()), pending()]);
        let found = decided_at(&rows, redeem(ALICE), end);
        let state = SubscriptionState::Expired;
        let marked = Change::Subscription(Subscription { state, updated_at: end, ..ending });
        assert_eq!(found.changes.first(), Some(&marked), "it is still stored as active");
        assert_eq!(subscription_of(&found).start_date, end);
    }

    #[test]
    fn several_gifts_add_up() {
        let mut rows = holding(Holding::Running, [20, 21, 22].map(|id| Change::Gift(gift(id))));
        for (id, months) in [(20, 5), (21, 8), (22, 11)] {
            let found = decided(&rows, Redeem { gift_id: GiftId::new(id), ..redeem(ALICE) });
            let extended = subscription_of(&found);
            assert_eq!((extended.id, extended.months), (HELD, months));
            found.changes.into_iter().for_each(|change| rows.apply(change));
        }
    }
}
