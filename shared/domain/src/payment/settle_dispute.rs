//! `settle_dispute`: what a provider says of a dispute.

use super::{Dispute, DisputeStatus};
use crate::decide::{Decider, InternalRuled, OpenInternalRules};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, Money, Needs, NewIds, Payment, PaymentId,
    PaymentPhase,
};
use serde::{Deserialize, Serialize};

/// What a provider says of a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleDispute {
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider's id of the dispute.
    pub dispute: String,
    /// What is disputed.
    pub money: Money,
    /// How far it is.
    pub status: DisputeStatus,
}

impl OpenInternalRules for SettleDispute {
    fn key(&self) -> IdempotencyKey {
        let (payment, dispute, status) = (self.payment_id, &self.dispute, self.status.as_str());
        IdempotencyKey::internal(format!("settle:dispute:{payment}:{dispute}:{status}"))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.payments.insert((client, self.payment_id));
        needs.money = true;
    }

    /// Events come in any order: an end that comes before the beginning is both.
    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Option<InternalRuled> {
        let payment = decider.working_set.payment(decider.context.client, self.payment_id)?;
        if payment.phase != PaymentPhase::Succeeded {
            return None;
        }
        let is_open = match &payment.dispute {
            Some(known) if known.reference == self.dispute => {
                if known.status != DisputeStatus::Opened || self.status == DisputeStatus::Opened {
                    return None;
                }
                true
            }
            // One at a time, and what was lost is gone.
            Some(other) if other.status != DisputeStatus::Won => return None,
            _ => false,
        };
        let known = payment.dispute.as_ref().filter(|_| is_open).map(|known| known.amount);
        let amount = known.unwrap_or_else(|| self.amount_of(payment));
        let (reference, status) = (self.dispute.clone(), self.status);
        let dispute = Some(Dispute { reference, amount, status });
        let after = Payment { dispute, ..payment.clone() };
        let mut changes = vec![Change::Payment(after.clone())];
        let mut effects = Vec::new();
        if !is_open && status != DisputeStatus::Won {
            changes.extend(decider.dispute_is_opened(amount, payment.currency));
        }
        match status {
            DisputeStatus::Won if is_open => {
                changes.extend(decider.dispute_is_won(amount, payment.currency));
            }
            DisputeStatus::Lost => {
                changes.extend(decider.dispute_is_lost(amount, payment.currency));
                let (what_goes, more) = decider.forfeited(payment);
                changes.extend(what_goes);
                effects.extend(more);
            }
            DisputeStatus::Opened | DisputeStatus::Won => {}
        }
        Some(InternalRuled { changes, effects, entity: Entity::Payment(after), settles: None })
    }
}

impl SettleDispute {
    /// The part of the payment that is disputed: all of it where the bank says it in its own money.
    fn amount_of(&self, payment: &Payment) -> u64 {
        if self.money.currency == payment.currency {
            self.money.amount.min(payment.cash)
        } else {
            payment.cash
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DisputeStatus, SettleDispute};
    use crate::samples::*;
    use crate::{
        Account, Change, Decision, Gift, GiftState, Grant, GrantId, GrantSource, Instant, Money,
        Outcome, Payment, PaymentId, PaymentPhase, Purpose, RefundPayment, Refusal, Slice,
        Subscription, SubscriptionId, SubscriptionState, WorkingSet,
    };
    use Account::{Breakage, Cash, Chargebacks, Deferred, Disputes, Revenue};
    use DisputeStatus::{Lost, Opened, Won};
    use SubscriptionState::{Active, Expired};

    fn told_of(dispute: &str, status: DisputeStatus, amount: u64) -> SettleDispute {
        let money = Money { amount, currency: usd() };
        SettleDispute { payment_id: PAID, dispute: dispute.to_owned(), money, status }
    }

    fn told(set: &WorkingSet, status: DisputeStatus, now: Instant) -> Option<Decision> {
        settled_at(set, told_of("dp_1", status, 1_000), now)
    }

    fn slice(start: &str, end: &str) -> Slice {
        Slice { start: at(start), end: at(end) }
    }

    /// A month that a payment has paid for.
    fn month(id: i64, value: u64, payment: PaymentId, slice: Slice) -> Grant {
        let bought = grant(HELD, GrantSource::Purchase, 1, slice);
        let (id, payment) = (GrantId::new(id), Some(payment));
        Grant { id, value, payment, currency: Some(usd()), ..bought }
    }

    const OTHER: PaymentId = PaymentId::new(31);
    const JUNE: [&str; 2] = ["2026-05-31T08:00:00Z", "2026-06-30T08:00:00Z"];
    const JULY: [&str; 2] = [JUNE[1], "2026-07-31T08:00:00Z"];
    const AUGUST: [&str; 2] = [JULY[1], "2026-08-31T08:00:00Z"];

    /// June, July and August, each from a grant, and what has paid for one of them.
    fn summer(grants: [Grant; 3]) -> Vec<Change> {
        let running = Subscription {
            months: 3,
            anchor_months: 3,
            end_date: at(AUGUST[1]),
            recognise_at: Some(at(JUNE[1])),
            ..held(Holding::Running)
        };
        let rows = [Change::Subscription(running), Change::Payment(payment(PAID.get(), 1_000))];
        rows.into_iter().chain(grants.map(Change::Grant)).collect()
    }

    /// 10 dollars were paid for all of it.
    fn bought() -> WorkingSet {
        let whole = slice(JUNE[0], JULY[1]);
        let granted = Grant { months: 2, ..month(1, 1_000, PAID, whole) };
        let running = Subscription { recognise_at: Some(whole.end), ..held(Holding::Running) };
        let payment = Change::Payment(payment(PAID.get(), 1_000));
        working_set([Change::Subscription(running), Change::Grant(granted), payment])
    }

    fn refunded(set: &WorkingSet) -> Decision {
        paid_by(set, RefundPayment { payment_id: PAID, amount: None, cancel: false })
    }

    #[test]
    fn what_is_disputed_is_held_back_and_cannot_be_paid_back() {
        let opened = told(&bought(), Opened, now()).unwrap();
        assert_eq!(transfers(&opened.changes), [(Disputes, Cash, 1_000)]);
        let set = after(&bought(), &opened);
        assert_eq!(row(&set, HELD).state, Active, "it goes on");
        assert_eq!(refunded(&set), refused(ALICE, Refusal::PaymentDisputed));

        let won = told(&set, Won, now()).unwrap();
        assert_eq!(transfers(&won.changes), [(Cash, Disputes, 1_000)]);
        let set = after(&set, &won);
        assert_eq!(row(&set, HELD).state, Active);
        assert_eq!(refunded(&set).outcome, Outcome::Pending);
    }

    #[test]
    fn what_was_lost_is_earned_and_its_time_goes() {
        let set = after(&bought(), &told(&bought(), Opened, now()).unwrap());
        let lost = told(&set, Lost, now()).unwrap();
        let moved = [(Chargebacks, Disputes, 1_000), (Deferred, Revenue, 1_000)];
        assert_eq!(transfers(&lost.changes), moved);
        let set = after(&set, &lost);
        let ended = row(&set, HELD);
        assert_eq!((ended.state, ended.end_date, ended.recognise_at), (Expired, now(), None));
        assert_eq!(set.grant(GrantId::new(1)).unwrap().closed_at, Some(now()));
        assert_eq!(refunded(&set), refused(ALICE, Refusal::PaymentNotRefundable));
    }

    #[test]
    fn events_come_in_any_order_and_count_once() {
        let lost = told(&bought(), Lost, now()).unwrap();
        let moved =
            [(Disputes, Cash, 1_000), (Chargebacks, Disputes, 1_000), (Deferred, Revenue, 1_000)];
        assert_eq!(transfers(&lost.changes), moved);
        let won = told(&bought(), Won, now()).unwrap();
        assert_eq!(transfers(&won.changes), []);
        for ended in [after(&bought(), &lost), after(&bought(), &won)] {
            for status in [Opened, Won, Lost] {
                assert_eq!(told(&ended, status, now()), None, "{status:?}");
            }
        }
        let opened = after(&bought(), &told(&bought(), Opened, now()).unwrap());
        assert_eq!(told(&opened, Opened, now()), None);
        // Another one is heard of when the first was won.
        let other = told_of("dp_2", Opened, 1_000);
        assert_eq!(settled_at(&opened, other.clone(), now()), None);
        let won = after(&bought(), &won);
        let opened = settled_at(&won, other, now()).unwrap();
        assert_eq!(transfers(&opened.changes), [(Disputes, Cash, 1_000)]);
        // What is not ours, or was never taken.
        assert_eq!(told(&working_set([]), Opened, now()), None);
        let declined = PaymentPhase::Declined { decline_code: "generic_decline".to_owned() };
        let set = working_set([Change::Payment(payment(PAID.get(), 1).in_phase(declined))]);
        assert_eq!(told(&set, Opened, now()), None);
    }

    #[test]
    fn a_part_is_disputed_or_all_that_the_bank_says_in_its_own_money() {
        for (amount, currency, disputed) in
            [(300, usd(), 300), (1_001, usd(), 1_000), (7, eur(), 1_000)]
        {
            let money = Money { amount, currency };
            let command = SettleDispute { money, ..told_of("dp_1", Opened, 0) };
            let opened = settled_at(&bought(), command, now()).unwrap();
            assert_eq!(transfers(&opened.changes), [(Disputes, Cash, disputed)]);
            // The end is about as much, whatever it says.
            let set = after(&bought(), &opened);
            let won = told(&set, Won, now()).unwrap();
            assert_eq!(transfers(&won.changes), [(Cash, Disputes, disputed)]);
        }
    }

    #[test]
    fn later_months_that_others_have_paid_for_move_up() {
        // It is the 15th of June, and June was disputed.
        let [june, july, august] = [JUNE, JULY, AUGUST].map(|[start, end]| slice(start, end));
        // The plan was changed before, from when on a grant has its length beside its slice.
        let changed = Grant { length: Some(july.length()), ..month(2, 500, OTHER, july) };
        let grants = [month(1, 1_000, PAID, june), changed, month(3, 500, OTHER, august)];
        let set = working_set(summer(grants));
        let lost = told(&set, Lost, at("2026-06-15T12:00:00Z")).unwrap();
        assert_eq!(transfers(&lost.changes)[2..], [(Deferred, Revenue, 1_000)]);
        let set = after(&set, &lost);
        let found = row(&set, HELD);
        let ends = [2, 3].map(|id| set.grant(GrantId::new(id)).unwrap().slice.unwrap().end);
        assert_eq!(ends, ["2026-07-15T12:00:00Z", "2026-08-15T12:00:00Z"].map(at));
        assert_eq!((found.state, found.end_date), (Active, ends[1]));
        assert_eq!((found.anchor, found.recognise_at), (at("2026-06-15T12:00:00Z"), Some(ends[0])));
        let length = set.grant(GrantId::new(2)).unwrap().length;
        assert_eq!(length, None, "it is the whole month where it is now");
    }

    #[test]
    fn all_months_of_the_payment_go_and_those_between_stay() {
        let [june, july, august] = [JUNE, JULY, AUGUST].map(|[start, end]| slice(start, end));
        let grants =
            [month(1, 400, PAID, june), month(2, 500, OTHER, july), month(3, 600, PAID, august)];
        let set = working_set(summer(grants));
        let lost = told(&set, Lost, at("2026-06-15T12:00:00Z")).unwrap();
        let earned = [(Deferred, Revenue, 600), (Deferred, Revenue, 400)];
        assert_eq!(transfers(&lost.changes)[2..], earned);
        let set = after(&set, &lost);
        let kept = set.grant(GrantId::new(2)).unwrap().slice;
        assert_eq!(kept, Some(slice("2026-06-15T12:00:00Z", "2026-07-15T12:00:00Z")));
        assert_eq!(row(&set, HELD).end_date, at("2026-07-15T12:00:00Z"));
    }

    #[test]
    fn what_has_ended_is_only_booked() {
        let over =
            Grant { closed_at: Some(now()), ..month(1, 1_000, PAID, slice(JUNE[0], JUNE[1])) };
        let ended = Subscription { state: Expired, ..held(Holding::Running) };
        let payment = Change::Payment(payment(PAID.get(), 1_000));
        let set = working_set([Change::Subscription(ended), Change::Grant(over), payment]);
        let lost = told(&set, Lost, now()).unwrap();
        assert_eq!(
            transfers(&lost.changes),
            [(Disputes, Cash, 1_000), (Chargebacks, Disputes, 1_000)]
        );
        assert_eq!(lost.changes.len(), 3, "the payment is the only row");
    }

    fn gift_in(state: GiftState) -> Vec<Change> {
        let (value, currency, payment_id) = (1_000, Some(usd()), Some(PAID));
        let gift = Gift { state, value, currency, payment: payment_id, ..sent(Sent::Pending) };
        let purpose = Purpose::Gift { gift: SENT };
        let payment = Payment { purpose, ..payment(PAID.get(), 1_000) };
        vec![Change::Gift(gift), Change::Payment(payment)]
    }

    #[test]
    fn a_gift_that_nobody_has_redeemed_is_cancelled_and_one_that_is_over_stays() {
        let gone = Account::Gift(SENT);
        for (state, moved, left) in [
            (GiftState::Pending, vec![(gone, Breakage, 1_000)], GiftState::Cancelled),
            (GiftState::Expired, vec![], GiftState::Expired),
        ] {
            let set = working_set(gift_in(state));
            let lost = told(&set, Lost, now()).unwrap();
            assert_eq!(transfers(&lost.changes)[2..], moved);
            assert_eq!(after(&set, &lost).gift(SHOP, SENT).unwrap().state, left);
        }
    }

    #[test]
    fn the_time_of_a_redeemed_gift_goes_and_what_was_changed_stays() {
        let [june, july, august] = [JUNE, JULY, AUGUST].map(|[start, end]| slice(start, end));
        let given = Grant { source: GrantSource::Gift(SENT), ..month(2, 1_000, PAID, july) };
        let grants = [month(1, 500, OTHER, june), given.clone(), month(3, 500, OTHER, august)];
        let redeemed = GiftState::Redeemed { recipient: ALICE, at: at(JUNE[0]) };
        let rows = || summer(grants.clone()).into_iter().chain(gift_in(redeemed));
        let set = working_set(rows());
        let midst = at("2026-07-15T20:00:00Z");
        let lost = told(&set, Lost, midst).unwrap();
        assert_eq!(transfers(&lost.changes)[2..], [(Deferred, Revenue, 1_000)]);
        let end_date = row(&after(&set, &lost), HELD).end_date;
        assert_eq!(end_date, at("2026-08-15T20:00:00Z"));

        let gold = Grant { from_grant: Some(given.id), ..month(4, 700, OTHER, july) };
        let set = working_set(rows().chain([Change::Grant(gold)]));
        let lost = told(&set, Lost, midst).unwrap();
        assert_eq!(transfers(&lost.changes)[2..], []);
        assert_eq!(row(&after(&set, &lost), HELD), row(&set, HELD));
    }

    #[test]
    fn the_next_one_begins_where_nothing_is_left() {
        let waits = Change::Subscription(waiting(11, "gold", 1));
        let mut set = bought();
        set.apply(waits);
        let lost = told(&set, Lost, now()).unwrap();
        let set = after(&set, &lost);
        let next = row(&set, SubscriptionId::new(11));
        assert_eq!((row(&set, HELD).state, next.state, next.start_date), (Expired, Active, now()));
    }
}
