//! `settle_refund`: what a provider says of a refund.

use crate::decide::{Decider, InternalRuled, OpenInternalRules, Settles};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Needs, NewIds, Payment, PaymentId, Refund, RefundId,
    RefundOutcome, RefundStatus, Success,
};
use serde::{Deserialize, Serialize};

/// What a provider says of a refund. It may say later that one has failed which had succeeded, or
/// the other way round: the rows and the books follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleRefund {
    /// The refund.
    pub refund_id: RefundId,
    /// Its payment.
    pub payment_id: PaymentId,
    /// What is known of it.
    pub outcome: RefundOutcome,
}

impl OpenInternalRules for SettleRefund {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!(
            "settle:refund:{}:{}",
            self.refund_id,
            self.outcome.as_str()
        ))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.refunds.insert((client, self.refund_id));
        needs.payments.insert((client, self.payment_id));
        needs.money = true;
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Option<InternalRuled> {
        let Decider { working_set, context } = *decider;
        let found = working_set.refund(context.client, self.refund_id)?;
        let payment = working_set.payment(context.client, found.payment)?;
        let is_late = found.status != RefundStatus::Pending;
        let ended = |status| Refund { status, settled_at: Some(context.now), ..found.clone() };
        // What has failed is not being paid back any more.
        let refunding = payment.refunding.saturating_sub(if is_late { 0 } else { found.amount });
        let (refund, (changes, effects)) = match (found.status, self.outcome) {
            (RefundStatus::Pending, RefundOutcome::StillUnknown) => {
                (found.clone(), (Vec::new(), Vec::new()))
            }
            (RefundStatus::Pending, RefundOutcome::Failed) => {
                let failed = ended(RefundStatus::Failed);
                let payment = Payment { refunding, ..payment.clone() };
                let changes = vec![Change::Payment(payment), Change::Refund(failed.clone())];
                (failed, (changes, Vec::new()))
            }
            (RefundStatus::Pending | RefundStatus::Failed, RefundOutcome::Succeeded) => {
                let done = ended(RefundStatus::Succeeded);
                // If it was asked for again meanwhile, more leaves than had come.
                let refunded =
                    (payment.refunded + found.amount).min(payment.cash.saturating_sub(refunding));
                let after = Payment { refunded, refunding, ..payment.clone() };
                let (what_goes, effects) = decider.refunded(payment, found);
                let rows = [Change::Payment(after), Change::Refund(done.clone())];
                (done, (rows.into_iter().chain(what_goes).collect(), effects))
            }
            (RefundStatus::Succeeded, RefundOutcome::Failed) => {
                let failed = ended(RefundStatus::Failed);
                let refunded = payment.refunded.saturating_sub(found.amount);
                let after = Payment { refunded, ..payment.clone() };
                let rows = [Change::Payment(after), Change::Refund(failed.clone())];
                let what_comes = decider.refund_came_back(payment, found);
                (failed, (rows.into_iter().chain(what_comes).collect(), Vec::new()))
            }
            _ => return None,
        };
        let result = Ok(Success::Created(Entity::Refund(refund.clone())));
        // Nobody waits for money that is paid back by itself, or was told already.
        let is_told = refund.is_of_late_money || is_late;
        let settles = (!is_told).then_some(Settles { job: refund.job, result });
        Some(InternalRuled { changes, effects, entity: Entity::Refund(refund), settles })
    }
}

#[cfg(test)]
mod tests {
    use super::SettleRefund;
    use crate::samples::*;
    use crate::{
        Account, Change, Decision, Entity, Gift, GiftState, Grant, GrantId, GrantSource, Instant,
        Outcome, Payment, PaymentPhase, Purpose, Refund, RefundId, RefundOutcome, RefundPayment,
        RefundStatus, Refusal, Slice, Subscription, SubscriptionState, Success, WorkingSet,
    };
    use Account::{Cash, Deferred, RefundLoss, Revenue, Unapplied};
    use SubscriptionState::{Active, Cancelled, Expired};

    const ASKED: RefundId = RefundId::new(NEW);

    const fn refund(amount: Option<u64>, cancel: bool) -> RefundPayment {
        RefundPayment { payment_id: PAID, amount, cancel }
    }

    fn slice(start: &str, end: &str) -> Slice {
        Slice { start: at(start), end: at(end) }
    }

    /// The grant of that id, which `PAID` paid for.
    fn paid_grant(id: i64, value: u64, source: GrantSource, slice: Slice) -> Grant {
        Grant {
            id: GrantId::new(id),
            value,
            currency: Some(usd()),
            payment: Some(PAID),
            ..grant(HELD, source, 1, slice)
        }
    }

    /// 10 dollars were paid for June and July.
    fn bought() -> Vec<Change> {
        let whole = slice("2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z");
        let granted = Grant { months: 2, ..paid_grant(1, 1_000, GrantSource::Purchase, whole) };
        let running = Subscription { recognise_at: Some(whole.end), ..held(Holding::Running) };
        let payment = Change::Payment(payment(PAID.get(), 1_000));
        vec![Change::Subscription(running), Change::Grant(granted), payment]
    }

    fn asked(set: &WorkingSet, command: RefundPayment) -> WorkingSet {
        let decision = paid_by(set, command);
        assert_eq!(
            (&decision.outcome, kinds(&decision.effects)),
            (&Outcome::Pending, vec!["pay_back"])
        );
        after(set, &decision)
    }

    fn settled(set: &WorkingSet, outcome: RefundOutcome, now: Instant) -> Decision {
        let command = SettleRefund { refund_id: ASKED, payment_id: PAID, outcome };
        settled_at(set, command, now).unwrap()
    }

    fn told(decision: &Decision) -> RefundStatus {
        match &decision.settles.as_ref().unwrap().result {
            Ok(Success::Created(Entity::Refund(refund))) => refund.status,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn refusals_come_in_the_order_of_the_contract() {
        let whole = payment(PAID.get(), 1_000);
        let busy = Subscription { open_payment: open(), ..held(Holding::Running) };
        let not_refundable = Refusal::PaymentNotRefundable;
        let too_large = |amount_max| Refusal::RefundTooLarge { amount_max };
        let declined = PaymentPhase::Declined { decline_code: "generic_decline".to_owned() };
        let sent = Payment { settled_at: None, ..whole.in_phase(PaymentPhase::Sent) };
        let gift = Payment { purpose: Purpose::Gift { gift: SENT }, ..whole.clone() };
        for (payment, found, amount, refusal) in [
            (sent, held(Holding::Running), None, not_refundable.clone()),
            (whole.in_phase(declined), busy.clone(), None, not_refundable.clone()),
            (
                Payment { refunded: 600, refunding: 400, ..whole.clone() },
                busy.clone(),
                None,
                not_refundable.clone(),
            ),
            (
                Payment { cash: 0, credit: 1_000, provider: None, ..whole.clone() },
                busy.clone(),
                None,
                not_refundable,
            ),
            (
                Payment { refunded: 600, refunding: 400, ..whole.clone() },
                held(Holding::Running),
                Some(1),
                too_large(0),
            ),
            (whole.clone(), busy, Some(2_000), Refusal::PaymentInProgress { payment: PAID }),
            (whole.clone(), held(Holding::Running), Some(1_001), too_large(1_000)),
            (
                Payment { refunded: 100, refunding: 200, ..whole },
                held(Holding::Running),
                Some(701),
                too_large(700),
            ),
            (gift.clone(), held(Holding::Running), Some(1_001), too_large(1_000)),
            (gift.clone(), held(Holding::Running), Some(999), Refusal::RefundPartialGift),
            (
                Payment { refunded: 1, ..gift },
                held(Holding::Running),
                None,
                Refusal::RefundPartialGift,
            ),
        ] {
            // It waits for another payment of that id, or for this one.
            let other = sent_payment(
                Purpose::Renew { subscription: HELD, months: 1, clears_flag: false },
                1,
                0,
            );
            let other = Payment { id: crate::PaymentId::new(31), ..other };
            let found = Subscription {
                open_payment: found
                    .open_payment
                    .map(|open| crate::OpenPayment { id: other.id, ..open }),
                ..found
            };
            let refusal = match refusal {
                Refusal::PaymentInProgress { .. } => {
                    Refusal::PaymentInProgress { payment: other.id }
                }
                refusal => refusal,
            };
            let rows =
                [Change::Payment(payment), Change::Payment(other), Change::Subscription(found)];
            assert_eq!(paid_by(&working_set(rows), refund(amount, false)), refused(ALICE, refusal));
        }
        let found = paid_by(&working_set([]), refund(None, false));
        assert_eq!(found, refused(None, Refusal::PaymentNotFound));
    }

    #[test]
    fn what_went_to_credit_is_not_paid_back() {
        let mut rows = bought();
        let whole = slice("2026-05-31T08:00:00Z", "2026-06-10T08:00:00Z");
        let changed = Grant {
            to_credit: 300,
            closed_at: Some(now()),
            ..paid_grant(1, 0, GrantSource::Purchase, whole)
        };
        rows.push(Change::Grant(changed));
        let set = asked(&working_set(rows), refund(None, false));
        assert_eq!(set.refund(SHOP, ASKED).unwrap().amount, 700);
    }

    #[test]
    fn what_is_paid_back_is_not_earned_any_more_and_more_than_that_is_a_loss() {
        let earned = |rows: Vec<Change>| {
            let mut set = working_set(rows);
            let half = set.grant(GrantId::new(1)).cloned().unwrap();
            set.apply(Change::Grant(Grant { value: 400, ..half }));
            set
        };
        for (set, amount, left, moved) in [
            (working_set(bought()), Some(300), 700, vec![(Deferred, Cash, 300)]),
            (working_set(bought()), None, 0, vec![(Deferred, Cash, 1_000)]),
            (earned(bought()), None, 0, vec![(Deferred, Cash, 400), (RefundLoss, Cash, 600)]),
        ] {
            let set = asked(&set, refund(amount, false));
            let amount = amount.unwrap_or(1_000);
            assert_eq!(payment_in(&set, PAID).refunding, amount);
            let decision = settled(&set, RefundOutcome::Succeeded, now());
            assert_eq!(transfers(&decision.changes), moved);
            assert_eq!(told(&decision), RefundStatus::Succeeded);
            let set = after(&set, &decision);
            let payment = payment_in(&set, PAID);
            assert_eq!((payment.refunding, payment.refunded), (0, amount));
            assert_eq!(set.grant(GrantId::new(1)).unwrap().value, left);
            let found = row(&set, HELD);
            let next = (left > 0).then_some(found.end_date);
            assert_eq!((found.state, found.recognise_at), (Active, next), "it goes on");
        }
    }

    #[test]
    fn it_ends_with_it_if_that_was_asked_for_and_the_rest_is_earned() {
        let set = asked(&working_set(bought()), refund(Some(300), true));
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        let moved = [(Deferred, Cash, 300), (Deferred, Revenue, 700)];
        assert_eq!(transfers(&decision.changes), moved);
        let set = after(&set, &decision);
        assert_eq!(row(&set, HELD).state, Cancelled { at: now() });
        assert_eq!(row(&set, HELD).recognise_at, None);
    }

    #[test]
    fn a_refund_follows_a_change_of_plan() {
        let mut rows = bought();
        let before = slice("2026-05-31T08:00:00Z", "2026-06-10T08:00:00Z");
        let since = slice("2026-06-10T08:00:00Z", "2026-07-31T08:00:00Z");
        let old = paid_grant(1, 0, GrantSource::Purchase, before);
        let new = Grant {
            from_grant: Some(old.id),
            payment: Some(crate::PaymentId::new(31)),
            ..paid_grant(2, 1_200, GrantSource::Change, since)
        };
        rows.extend([Grant { closed_at: Some(now()), ..old }, new].map(Change::Grant));
        let set = asked(&working_set(rows), refund(None, false));
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&decision.changes), [(Deferred, Cash, 1_000)]);
        assert_eq!(after(&set, &decision).grant(GrantId::new(2)).unwrap().value, 200);
    }

    #[test]
    fn a_refund_that_fails_can_be_asked_for_again() {
        let set = asked(&working_set(bought()), refund(None, true));
        let waits = settled(&set, RefundOutcome::StillUnknown, now());
        assert_eq!((told(&waits), waits.changes.len()), (RefundStatus::Pending, 0));
        let failed = settled(&set, RefundOutcome::Failed, now());
        assert_eq!((told(&failed), transfers(&failed.changes)), (RefundStatus::Failed, vec![]));
        let set = after(&set, &failed);
        assert_eq!(payment_in(&set, PAID).refunding, 0);
        assert_eq!(row(&set, HELD).state, Active);
        let again =
            SettleRefund { refund_id: ASKED, payment_id: PAID, outcome: RefundOutcome::Failed };
        assert_eq!(settled_at(&set, again, now()), None);
    }

    /// Nobody waits for it any more: what was told stays, and the rows show how things are.
    #[test]
    fn one_that_succeeds_after_it_had_failed_is_a_success() {
        let set = asked(&working_set(bought()), refund(Some(300), true));
        let set = after(&set, &settled(&set, RefundOutcome::Failed, now()));
        let found = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(found.settles, None);
        assert_eq!(transfers(&found.changes), [(Deferred, Cash, 300), (Deferred, Revenue, 700)]);
        let set = after(&set, &found);
        assert_eq!(set.refund(SHOP, ASKED).unwrap().status, RefundStatus::Succeeded);
        let payment = payment_in(&set, PAID);
        assert_eq!((payment.refunded, payment.refunding), (300, 0));
        assert_eq!(row(&set, HELD).state, Cancelled { at: now() });
    }

    #[test]
    fn one_that_succeeds_after_it_was_asked_for_again_pays_twice() {
        let set = asked(&working_set(bought()), refund(Some(700), false));
        let mut set = after(&set, &settled(&set, RefundOutcome::Failed, now()));
        // Another one of 600 is under way: no more than was taken is paid back of the payment.
        set.apply(Change::Payment(Payment { refunding: 600, ..payment(PAID.get(), 1_000) }));
        let found = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&found.changes), [(Deferred, Cash, 700)]);
        let payment = payment_in(&after(&set, &found), PAID).clone();
        assert_eq!((payment.refunded, payment.refunding), (400, 600));
    }

    #[test]
    fn one_that_fails_after_it_had_succeeded_is_taken_back() {
        for (cancel, moved, value) in
            [(false, (Cash, Deferred, 400), 1_000), (true, (Cash, RefundLoss, 400), 600)]
        {
            let set = asked(&working_set(bought()), refund(Some(400), cancel));
            let set = after(&set, &settled(&set, RefundOutcome::Succeeded, now()));
            let found = settled(&set, RefundOutcome::Failed, now());
            assert_eq!((transfers(&found.changes), &found.settles), (vec![moved], &None));
            let set = after(&set, &found);
            assert_eq!(set.refund(SHOP, ASKED).unwrap().status, RefundStatus::Failed);
            let payment = payment_in(&set, PAID);
            assert_eq!((payment.refunded, payment.refunding), (0, 0), "it can be asked for again");
            assert_eq!(set.grant(GrantId::new(1)).unwrap().value, value);
            let found = row(&set, HELD);
            let next = (!cancel).then_some(found.end_date);
            assert_eq!(found.recognise_at, next);
        }
        // All of it was paid back, and its time is over by now.
        let set = asked(&working_set(bought()), refund(None, false));
        let set = after(&set, &settled(&set, RefundOutcome::Succeeded, now()));
        let found = settled(&set, RefundOutcome::Failed, row(&set, HELD).end_date);
        assert_eq!(transfers(&found.changes), [(Cash, RefundLoss, 1_000)]);
        let found = settled(&set, RefundOutcome::Failed, now());
        assert_eq!(row(&after(&set, &found), HELD).recognise_at, Some(row(&set, HELD).end_date));
    }

    #[test]
    fn the_refund_of_a_gift_that_fails_in_the_end_leaves_the_gift_cancelled() {
        let set = asked(&working_set(gift_in(GiftState::Pending)), refund(None, false));
        let set = after(&set, &settled(&set, RefundOutcome::Succeeded, now()));
        let found = settled(&set, RefundOutcome::Failed, now());
        assert_eq!(transfers(&found.changes), [(Cash, RefundLoss, 900)]);
        let set = after(&set, &found);
        assert_eq!(set.gift(SHOP, SENT).unwrap().state, GiftState::Cancelled);
        // Asked for again, it is no loss.
        let set = asked(&set, refund(None, false));
        let found = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&found.changes), [(RefundLoss, Cash, 900)]);
    }

    /// That came for something, and is being paid back by itself.
    fn late_money(id: RefundId, purpose: Purpose) -> [Change; 2] {
        let late = Refund {
            id,
            client: SHOP,
            payment: PAID,
            amount: 700,
            currency: usd(),
            status: RefundStatus::Pending,
            is_of_late_money: true,
            cancels: false,
            job: JOB,
            created_at: now(),
            settled_at: None,
        };
        let taken = Payment { refunding: 700, purpose, ..payment(PAID.get(), 700) };
        [Change::Payment(taken), Change::Refund(late)]
    }

    #[test]
    fn late_money_leaves_as_it_came() {
        let renewal = Purpose::Renew { subscription: HELD, months: 1, clears_flag: false };
        let set = working_set(late_money(ASKED, renewal));
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&decision.changes), [(Unapplied, Cash, 700)]);
        assert_eq!(decision.settles, None, "nobody waits for it");
        let set = after(&set, &decision);
        let decision = settled(&set, RefundOutcome::Failed, now());
        assert_eq!(transfers(&decision.changes), [(Cash, Unapplied, 700)]);
    }

    #[test]
    fn late_money_leaves_as_it_came_also_by_hand() {
        let unpaid = Gift { value: 0, currency: None, payment: Some(PAID), ..sent(Sent::Missed) };
        let renewal = Purpose::Renew { subscription: HELD, months: 1, clears_flag: false };
        for (purpose, row) in [
            (renewal, Change::Subscription(held(Holding::Running))),
            (Purpose::Gift { gift: SENT }, Change::Gift(unpaid)),
        ] {
            let by_itself = RefundId::new(20);
            let set = working_set(late_money(by_itself, purpose).into_iter().chain([row]));
            let outcome = RefundOutcome::Failed;
            let failed = SettleRefund { refund_id: by_itself, payment_id: PAID, outcome };
            let decision = settled_at(&set, failed, now()).unwrap();
            assert_eq!(transfers(&decision.changes), []);
            let set = asked(&after(&set, &decision), refund(None, false));
            let decision = settled(&set, RefundOutcome::Succeeded, now());
            assert_eq!(transfers(&decision.changes), [(Unapplied, Cash, 700)]);
            assert_eq!(told(&decision), RefundStatus::Succeeded);
            let decision = settled(&after(&set, &decision), RefundOutcome::Failed, now());
            assert_eq!(transfers(&decision.changes), [(Cash, Unapplied, 700)]);
        }
    }

    fn gift_in(state: GiftState) -> Vec<Change> {
        let (value, currency, payment_id) = (900, Some(usd()), Some(PAID));
        let gift = Gift { state, value, currency, payment: payment_id, ..sent(Sent::Pending) };
        let purpose = Purpose::Gift { gift: SENT };
        let payment = Payment { purpose, ..payment(PAID.get(), 900) };
        vec![Change::Gift(gift), Change::Payment(payment)]
    }

    const REDEEMED: &str = "2026-06-05T00:00:00Z";

    fn redeemed(more: impl IntoIterator<Item = Change>) -> WorkingSet {
        let rows = gift_in(GiftState::Redeemed { recipient: ALICE, at: at(REDEEMED) });
        asked(&working_set(rows.into_iter().chain(more)), refund(None, false))
    }

    #[test]
    fn a_gift_that_is_not_redeemed_is_cancelled() {
        let set = asked(&working_set(gift_in(GiftState::Pending)), refund(None, false));
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&decision.changes), [(Account::Gift(SENT), Cash, 900)]);
        let set = after(&set, &decision);
        assert_eq!(set.gift(SHOP, SENT).unwrap().state, GiftState::Cancelled);
        let set = asked(&working_set(gift_in(GiftState::Expired)), refund(None, false));
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&decision.changes), [(RefundLoss, Cash, 900)]);
    }

    /// 31 May to 30 June was bought, 30 June to 30 July a gift, and 31 days of August bought.
    fn with_gift_between() -> Vec<Change> {
        let [june, july, august] = [
            slice("2026-05-31T08:00:00Z", "2026-06-30T08:00:00Z"),
            slice("2026-06-30T08:00:00Z", "2026-07-31T08:00:00Z"),
            slice("2026-07-31T08:00:00Z", "2026-08-31T08:00:00Z"),
        ];
        let own = |id, slice| Grant {
            payment: Some(crate::PaymentId::new(31)),
            ..paid_grant(id, 500, GrantSource::Purchase, slice)
        };
        let running = Subscription {
            months: 3,
            anchor_months: 3,
            end_date: august.end,
            recognise_at: Some(june.end),
            ..held(Holding::Running)
        };
        let grants =
            [own(1, june), paid_grant(2, 900, GrantSource::Gift(SENT), july), own(3, august)];
        [Change::Subscription(running)].into_iter().chain(grants.map(Change::Grant)).collect()
    }

    #[test]
    fn the_time_of_a_redeemed_gift_goes_and_what_comes_later_moves_up() {
        let set = redeemed(with_gift_between());
        // Before it begins, in the midst of its 31 days, and after it.
        let midst = at("2026-07-15T20:00:00Z");
        for (now, moved, anchor, end_date) in [
            (now(), vec![(Deferred, Cash, 900)], "2026-06-30T08:00:00Z", "2026-07-30T08:00:00Z"),
            (
                midst,
                vec![(Deferred, Cash, 450), (RefundLoss, Cash, 450), (Deferred, Revenue, 450)],
                "2026-07-15T20:00:00Z",
                "2026-08-15T20:00:00Z",
            ),
            (
                at("2026-08-01T00:00:00Z"),
                vec![(RefundLoss, Cash, 900), (Deferred, Revenue, 900)],
                "2026-05-31T08:00:00Z",
                "2026-08-31T08:00:00Z",
            ),
        ] {
            let decision = settled(&set, RefundOutcome::Succeeded, now);
            assert_eq!(transfers(&decision.changes), moved, "{now}");
            let set = after(&set, &decision);
            let found = row(&set, HELD);
            assert_eq!((found.state, found.anchor), (Active, at(anchor)));
            assert_eq!(found.end_date, at(end_date), "{now}");
            assert_eq!(found.recognise_at, Some(at("2026-06-30T08:00:00Z")));
            let last = set.grant(GrantId::new(3)).unwrap();
            assert_eq!((last.value, last.slice.unwrap().end), (500, at(end_date)));
            let taken = set.grant(GrantId::new(2)).unwrap();
            assert_eq!(taken.closed_at, Some(now));
        }
    }

    #[test]
    fn where_nothing_is_left_it_has_expired_and_the_next_one_begins() {
        let mut running = held(Holding::Running);
        running.recognise_at = Some(running.end_date);
        let whole = slice("2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z");
        let given = Grant { months: 2, ..paid_grant(1, 900, GrantSource::Gift(SENT), whole) };
        let set = redeemed([
            Change::Subscription(running),
            Change::Grant(given),
            Change::Subscription(waiting(11, "gold", 1)),
        ]);
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        // Of 61 days, 45 days and 20 hours less an eighth of a second are left: 676 of 900.
        let moved = [(Deferred, Cash, 676), (RefundLoss, Cash, 224), (Deferred, Revenue, 224)];
        assert_eq!(transfers(&decision.changes), moved);
        let set = after(&set, &decision);
        let ended = row(&set, HELD);
        assert_eq!((ended.state, ended.end_date, ended.recognise_at), (Expired, now(), None));
        let next = row(&set, crate::SubscriptionId::new(11));
        assert_eq!((next.state, next.start_date), (Active, now()));
    }

    #[test]
    fn one_that_waits_has_nothing_left_and_what_was_changed_stays() {
        let gold = waiting(11, "gold", 1);
        let given = Grant {
            subscription: gold.id,
            slice: None,
            ..paid_grant(1, 900, GrantSource::Gift(SENT), slice(REDEEMED, REDEEMED))
        };
        let running = Change::Subscription(held(Holding::Running));
        let rows = [running, Change::Subscription(gold.clone()), Change::Grant(given.clone())];
        let set = redeemed(rows.clone());
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&decision.changes), [(Deferred, Cash, 900)]);
        assert_eq!(row(&after(&set, &decision), gold.id).state, Expired);

        let changed = Grant {
            from_grant: Some(given.id),
            ..paid_grant(2, 1_000, GrantSource::Change, slice(REDEEMED, "2026-07-31T08:00:00Z"))
        };
        let set = redeemed(rows.into_iter().chain([Change::Grant(changed)]));
        let decision = settled(&set, RefundOutcome::Succeeded, now());
        assert_eq!(transfers(&decision.changes), [(RefundLoss, Cash, 900)]);
        assert_eq!(row(&after(&set, &decision), gold.id), &gold);
    }
}
