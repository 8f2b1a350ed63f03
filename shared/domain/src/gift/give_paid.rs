//! What comes of a gift when its payment is settled.

use crate::decide::{Decider, InternalRuled};
use crate::payment::{refused, ruled, still_unknown};
use crate::{
    Change, ChargeOutcome, Entity, Gift, GiftState, NewIds, Payment, PaymentPhase, Success,
};

/// Takes in the outcome of the payment for a gift that is incomplete.
pub(crate) fn gift_settled(
    decider: &Decider<'_>,
    payment: &Payment,
    outcome: &ChargeOutcome,
    _: &mut NewIds,
) -> Option<InternalRuled> {
    let now = decider.context.now;
    let gift = decider.working_set.gift(payment.client, payment.purpose.gift()?)?;
    let shown = |gift: &Gift, payment: &Payment| {
        let (gift, payment) = (gift.clone(), Box::new(payment.clone()));
        Some(Ok(Success::Created(Entity::GiftPurchase { gift, payment })))
    };
    match outcome {
        ChargeOutcome::Succeeded => {
            let paid = payment.ended(PaymentPhase::Succeeded, now);
            let (state, value) = (GiftState::Pending, payment.cash);
            let currency = Some(payment.currency);
            let bought = Gift { state, value, currency, ..gift.clone() };
            let rows = [Change::Payment(paid.clone()), Change::Gift(bought.clone())];
            let moved = decider.gift_is_paid(gift, payment);
            let changes = decider.payer(payment).into_iter().chain(rows).chain(moved).collect();
            let told = shown(&bought, &paid);
            Some(ruled(paid, changes, None, told))
        }
        ChargeOutcome::Declined { decline } => {
            let (declined, mut changes) = decider.declined(payment, decline);
            changes.push(Change::Gift(gift.expired()));
            let told = Err(refused(&declined, decline));
            Some(ruled(declined, changes, None, Some(told)))
        }
        ChargeOutcome::ActionRequired { action_url } => {
            let phase = PaymentPhase::ActionRequired { action_url: action_url.clone() };
            let waits = payment.in_phase(phase);
            let told = shown(gift, &waits);
            let changes = vec![Change::Payment(waits.clone())];
            Some(ruled(waits, changes, None, told))
        }
        ChargeOutcome::Unknown | ChargeOutcome::StillUnknown => {
            let waits = payment.in_phase(PaymentPhase::Unknown);
            Some(still_unknown(payment, shown(gift, &waits)))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Account, Change, ChargeOutcome, Decision, DeclineCode, Entity, ExpireGift, Gift, GiftId,
        GiftState, GiftStatus, Outcome, PaymentId, PaymentPhase, Purpose, Refusal, SettlePayment,
        Success, User, WorkingSet,
    };
    use chrono::TimeDelta;

    const GIVEN: GiftId = GiftId::new(NEW);
    const ASKED: PaymentId = PaymentId::new(NEW);

    fn rows(user: User) -> WorkingSet {
        let gold = Change::Plan(priced("gold", 500));
        working_set([Change::User(user), Change::Method(card()), gold])
    }

    fn three_months() -> crate::Give {
        crate::Give { plan: Some(plan("gold")), ..give(ALICE, "carol@example.com", Some(3)) }
    }

    fn asked() -> WorkingSet {
        let set = rows(payer(10_000));
        let decision = paid_by(&set, three_months());
        assert_eq!(
            (&decision.outcome, kinds(&decision.effects)),
            (&Outcome::Pending, vec!["charge"])
        );
        after(&set, &decision)
    }

    fn settled(set: &WorkingSet, outcome: ChargeOutcome) -> Decision {
        settled_at(set, SettlePayment { payment_id: ASKED, outcome }, now()).unwrap()
    }

    fn gift_in(set: &WorkingSet) -> &Gift {
        set.gift(SHOP, GIVEN).unwrap()
    }

    fn shown(decision: &Decision) -> GiftStatus {
        match &decision.settles.as_ref().unwrap().result {
            Ok(Success::Created(Entity::GiftPurchase { gift, .. })) => gift.state.status(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_gift_that_has_a_price_is_incomplete_and_takes_no_credit() {
        let set = asked();
        let gift = gift_in(&set);
        assert_eq!((gift.state, gift.payment, gift.value), (GiftState::Incomplete, Some(ASKED), 0));
        assert_eq!(gift.expires_at, now() + GIFT_TTL);
        assert_eq!(gift.due_at(), Some(now() + TimeDelta::hours(23)));
        let payment = payment_in(&set, ASKED);
        assert_eq!((payment.amount, payment.cash, payment.credit), (1_500, 1_500, 0));
        assert_eq!(payment.purpose, Purpose::Gift { gift: GIVEN });
        assert_eq!(alice(&set).credit, 10_000);
    }

    #[test]
    fn refusals_come_in_the_order_of_the_contract() {
        let in_euros = User { currency: Some(eur()), ..payer(0) };
        let no_method = User { default_method: None, ..payer(0) };
        let disabled = Refusal::PaymentsDisabled { plan: "gold".to_owned() };
        let mismatch = Refusal::CurrencyMismatch { currency: eur() };
        assert_eq!(decided(&rows(in_euros), three_months()), refused(ALICE, mismatch));
        assert_eq!(decided(&rows(no_method.clone()), three_months()), refused(ALICE, disabled));
        let found = paid_by(&rows(no_method), three_months());
        assert_eq!(found, refused(ALICE, Refusal::PaymentMethodRequired));
    }

    #[test]
    fn it_can_be_redeemed_when_it_is_paid() {
        let set = asked();
        let decision = settled(&set, ChargeOutcome::Succeeded);
        let after = after(&set, &decision);
        let gift = gift_in(&after);
        assert_eq!(
            (gift.state, gift.value, gift.currency),
            (GiftState::Pending, 1_500, Some(usd()))
        );
        assert_eq!(gift.expires_at, now() + GIFT_TTL);
        let moved = [(Account::Cash, Account::Gift(GIVEN), 1_500)];
        assert_eq!(transfers(&decision.changes), moved);
        assert_eq!(shown(&decision), GiftStatus::Pending);
        assert_eq!(alice(&after).currency, Some(usd()));
    }

    #[test]
    fn declined_it_has_expired() {
        let set = asked();
        let decline = DeclineCode { code: "stolen_card".to_owned(), is_hard: true };
        let decision = settled(&set, ChargeOutcome::Declined { decline });
        assert_eq!(gift_in(&after(&set, &decision)).state, GiftState::Expired);
        let result = decision.settles.unwrap().result;
        assert!(matches!(result, Err(Refusal::PaymentDeclined { .. })));
    }

    #[test]
    fn unpaid_it_expires_after_23_hours_and_its_payment_is_given_up() {
        let set = asked();
        let url = ChargeOutcome::ActionRequired { action_url: "https://pay.test".to_owned() };
        let waits = settled(&set, url);
        assert_eq!(shown(&waits), GiftStatus::Incomplete);
        let (busy, waits) = (set.clone(), after(&set, &waits));
        let over = now() + TimeDelta::hours(23);
        let expire = ExpireGift { gift_id: GIVEN };
        let early = settled_at(&waits, expire.clone(), over - TimeDelta::microseconds(1));
        assert_eq!(early, None);
        let expired = settled_at(&waits, expire.clone(), over).unwrap();
        let set = after(&waits, &expired);
        assert_eq!(gift_in(&set).state, GiftState::Expired);
        assert_eq!(payment_in(&set, ASKED).phase, PaymentPhase::Cancelled);
        assert_eq!(kinds(&expired.effects), ["stop_charge"]);
        assert_eq!(transfers(&expired.changes), [], "there is no breakage of what is not paid");
        // What is being taken is paid back when it succeeds.
        let expired = settled_at(&busy, expire, over).unwrap();
        assert_eq!(kinds(&expired.effects), [""; 0]);
        let set = after(&busy, &expired);
        let late = settled(&set, ChargeOutcome::Succeeded);
        assert_eq!(transfers(&late.changes), [(Account::Cash, Account::Unapplied, 1_500)]);
        assert_eq!(shown(&late), GiftStatus::Expired);
    }

    #[test]
    fn what_nobody_redeems_is_breakage() {
        let (value, currency, payment) = (1_500, Some(usd()), Some(PAID));
        let missed = Gift { value, currency, payment, ..sent(Sent::Missed) };
        let set = working_set([Change::Gift(missed)]);
        let expired = due_at(&set, ExpireGift { gift_id: SENT }, now()).unwrap();
        let moved = [(Account::Gift(SENT), Account::Breakage, 1_500)];
        assert_eq!(transfers(&expired.changes), moved);
    }
}
