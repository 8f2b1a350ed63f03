//! What comes of a subscription when months more are paid that a client asked for.

use crate::decide::{Decider, InternalRuled};
use crate::payment::{bought, refused, ruled, still_unknown};
use crate::{
    Change, ChargeOutcome, GrantSource, Instant, NewGrant, NewIds, NextPlan, Payment, PaymentPhase,
    Purpose, Refusal, Subscription, SubscriptionState, Success, Worth,
};

/// Takes in the outcome of the payment for months more of a live subscription.
pub(crate) fn renew_settled(
    decider: &Decider<'_>,
    payment: &Payment,
    outcome: &ChargeOutcome,
    new_ids: &mut NewIds,
) -> Option<InternalRuled> {
    let Purpose::Renew { subscription, months, clears_flag } = payment.purpose else {
        return None;
    };
    let now = decider.context.now;
    let live = decider.unfailed(decider.subscription(subscription).ok()?);
    match outcome {
        ChargeOutcome::Succeeded => {
            let paid = payment.ended(PaymentPhase::Succeeded, now);
            let (id, worth) = (new_ids.grant(), Some(Worth::of(payment)));
            let grant = NewGrant { id, source: GrantSource::Renewal, worth };
            let plan = NextPlan { code: payment.plan.clone(), version: payment.plan_version };
            let wanted = live.when_bought(&plan).without_payment();
            // A flag of later stays.
            let wanted = if clears_flag { wanted.kept(payment.created_at) } else { wanted };
            let (rows, renewed) = match decider.extend(&wanted, months, grant) {
                Ok(extended) => extended,
                Err(why) => return decider.paid_but_not_made(payment, why, new_ids),
            };
            let mut changes: Vec<Change> = decider.payer(payment).into_iter().collect();
            changes.push(Change::Payment(paid.clone()));
            changes.extend(rows);
            changes.extend(decider.time_is_paid(payment));
            let told = Success::Changed(bought(renewed, Some(paid.clone()), false));
            Some(ruled(paid, changes, None, Some(Ok(told))))
        }
        ChargeOutcome::Declined { decline } => {
            let (declined, mut changes) = decider.declined(payment, decline);
            let failed = Subscription { updated_at: now, ..live.after_payment(now) };
            changes.extend(decider.with_marks(&failed));
            let told = Err(refused(&declined, decline));
            Some(ruled(declined, changes, None, Some(told)))
        }
        ChargeOutcome::ActionRequired { action_url } => {
            let phase = PaymentPhase::ActionRequired { action_url: action_url.clone() };
            let waits = payment.in_phase(phase);
            let told = Refusal::PaymentActionRequired { payment: Box::new(waits.clone()) };
            let changes = vec![Change::Payment(waits.clone())];
            Some(ruled(waits, changes, None, Some(Err(told))))
        }
        ChargeOutcome::Unknown | ChargeOutcome::StillUnknown => {
            let waits = payment.in_phase(PaymentPhase::Unknown);
            let row = decider.subscription(subscription).ok()?;
            let told = Success::Changed(bought(row, Some(waits), false));
            Some(still_unknown(payment, Some(Ok(told))))
        }
    }
}

impl Subscription {
    /// This subscription, as that plan from now on if it was to be renewed as that. What is bought
    /// takes the place of what was to be bought after a trial that it has taken over.
    pub(crate) fn when_bought(self, plan: &NextPlan) -> Self {
        let conversion = self.conversion.filter(|_| self.state.status().is_trialing());
        match self.next_plan.clone() {
            Some(next) if next == *plan => Self {
                plan: next.code,
                plan_version: next.version,
                next_plan: None,
                conversion,
                ..self
            },
            _ => Self { conversion, ..self },
        }
    }

    /// This subscription, not to be cancelled at its end, if that was asked for until then.
    pub(crate) fn kept(self, until: Instant) -> Self {
        let state = match self.state {
            SubscriptionState::Cancelling { at } if at <= until => SubscriptionState::Active,
            SubscriptionState::Trialing { cancelling: Some(at) } if at <= until => {
                SubscriptionState::Trialing { cancelling: None }
            }
            state => state,
        };
        Self { state, ..self }
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Account, Cancel, Change, ChargeOutcome, Decision, DeclineCode, Entity, Extend, GrantSource,
        Instant, LapsePayment, NextPlan, OpenPayment, Outcome, Payment, PaymentId, PaymentPhase,
        PaymentStatus, Purpose, Refusal, Renew, SettlePayment, Subscription, SubscriptionState,
        SubscriptionStatus, Success, Terms, User, WorkingSet,
    };
    use Account::{Cash, Credit, Deferred};
    use SubscriptionState::{Active, Cancelling, PastDue};
    use chrono::TimeDelta;

    const RENEW: Renew = Renew { subscription_id: HELD, duration_months: Some(2) };

    /// Until 31 July, at 5 dollars a month.
    fn gold(state: SubscriptionState) -> Subscription {
        Subscription { state, plan: "gold".to_owned(), ..held(Holding::Running) }
    }

    fn terms() -> Terms {
        priced("gold", 500).terms
    }

    fn rows(found: &Subscription, user: User, more: Vec<Change>) -> WorkingSet {
        let found = Change::Subscription(found.clone());
        let rows = [Change::User(user), Change::Method(card()), found];
        let mut rows = working_set(rows.into_iter().chain(more));
        rows.add_terms(HELD, terms());
        rows
    }

    fn purpose(clears_flag: bool) -> Purpose {
        Purpose::Renew { subscription: HELD, months: 2, clears_flag }
    }

    /// The payment of two months, and that the subscription waits for it.
    fn asked(state: SubscriptionState, clears_flag: bool) -> WorkingSet {
        let found = Subscription { open_payment: open(), ..gold(state) };
        let payment = sent_payment(purpose(clears_flag), 700, 300);
        rows(&found, User { currency: Some(usd()), ..payer(0) }, vec![Change::Payment(payment)])
    }

    fn settled(set: &WorkingSet, outcome: ChargeOutcome, now: Instant) -> Decision {
        settled_at(set, SettlePayment { payment_id: PAID, outcome }, now).unwrap()
    }

    fn declined() -> ChargeOutcome {
        let decline = DeclineCode { code: "insufficient_funds".to_owned(), is_hard: false };
        ChargeOutcome::Declined { decline }
    }

    #[test]
    fn what_has_a_price_is_charged_first_and_the_row_stands() {
        let set = rows(&gold(Cancelling { at: now() }), payer(300), vec![]);
        let decision = paid_by(&set, RENEW);
        assert_eq!((&decision.outcome, decision.user), (&Outcome::Pending, Some(ALICE)));
        let after = after(&set, &decision);
        let id = PaymentId::new(NEW);
        let open_payment = Some(OpenPayment { id, until: now() + TimeDelta::hours(23) });
        let expected =
            Subscription { open_payment, updated_at: now(), ..gold(Cancelling { at: now() }) };
        assert_eq!(row(&after, HELD), &expected);
        let payment = payment_in(&after, id);
        assert_eq!((payment.amount, payment.cash, payment.credit), (1_000, 700, 300));
        assert_eq!((&payment.purpose, &payment.phase), (&purpose(true), &PaymentPhase::Sent));
        assert_eq!((kinds(&decision.effects), alice(&after).credit), (vec!["charge"], 0));
        // Meanwhile nothing else is sold for it, and it can be cancelled.
        let busy = refused(ALICE, Refusal::PaymentInProgress { payment: id });
        let extend = Extend { subscription_id: HELD, months: 1, reason: "an outage".to_owned() };
        assert_eq!(paid_by(&after, RENEW), busy);
        assert_eq!(paid_by(&after, extend), busy);
        let cancel = Cancel { subscription_id: HELD, at_period_end: false };
        assert!(paid_by(&after, cancel).outcome.success().is_some());
    }

    #[test]
    fn what_credit_pays_is_renewed_at_once() {
        let set = rows(&gold(Active), payer(1_200), vec![]);
        let decision = paid_by(&set, RENEW);
        let after = after(&set, &decision);
        assert_eq!(row(&after, HELD).end_date, at("2026-09-30T08:00:00Z"));
        assert_eq!(transfers(&decision.changes), [(Credit(ALICE), Deferred, 1_000)]);
        assert_eq!((alice(&after).credit, decision.effects.len()), (200, 0));
    }

    #[test]
    fn refusals_come_in_the_order_of_the_contract() {
        let in_euros = User { currency: Some(eur()), ..payer(0) };
        let no_method = User { default_method: None, ..payer(0) };
        let busy = Subscription { open_payment: open(), ..gold(Active) };
        let late = Subscription { anchor: at("9999-09-30T08:00:00Z"), ..gold(Active) };
        let payment = || vec![Change::Payment(sent_payment(purpose(false), 1_000, 0))];
        let disabled = Refusal::PaymentsDisabled { plan: "gold".to_owned() };
        for (found, user, provider, refusal) in [
            (&busy, &in_euros, None, Refusal::PaymentInProgress { payment: PAID }),
            (&late, &in_euros, None, Refusal::TermTooLong),
            (&gold(Active), &in_euros, None, Refusal::CurrencyMismatch { currency: eur() }),
            (&gold(Active), &no_method, None, disabled),
            (&gold(Active), &no_method, Some(()), Refusal::PaymentMethodRequired),
        ] {
            let set = rows(found, user.clone(), payment());
            let context = provider.map_or_else(|| context(now()), |()| paying(now()));
            assert_eq!(decided_in(&set, RENEW, &context), refused(ALICE, refusal));
        }
    }

    #[test]
    fn in_grace_it_goes_on_as_the_plan_that_it_was_to_be_renewed_as() {
        let next = NextPlan { code: "bronze".to_owned(), version: 1 };
        let auto = Subscription { auto_renew: true, grace_days: 7, ..gold(PastDue) };
        let found = Subscription { next_plan: Some(next.clone()), ..auto };
        let end = found.end_date;
        let set = || {
            let mut set = rows(&found, payer(0), vec![]);
            set.add_next_terms(HELD, priced("bronze", 200).terms);
            set
        };
        let scheduled = found.scheduled_change().map(|(next, at)| (next.code.as_str(), at));
        assert_eq!(scheduled, Some(("bronze", end)));
        for (now, plan, amount, left) in [
            (end - TimeDelta::days(1), "gold", 1_000, Some(&next)),
            (end + TimeDelta::days(1), "bronze", 400, None),
        ] {
            let state = if now < end { Active } else { PastDue };
            let mut set = set();
            set.apply(Change::Subscription(Subscription { state, ..found.clone() }));
            let asked = decided_in(&set, RENEW, &paying(now));
            let set = after(&set, &asked);
            assert_eq!(row(&set, HELD).plan, "gold", "until it is paid");
            let payment_id = PaymentId::new(NEW);
            let payment = payment_in(&set, payment_id);
            assert_eq!((payment.amount, payment.plan.as_str()), (amount, plan));
            let outcome = ChargeOutcome::Succeeded;
            let paid = settled_at(&set, SettlePayment { payment_id, outcome }, now).unwrap();
            let set = after(&set, &paid);
            let renewed = row(&set, HELD);
            assert_eq!((renewed.plan.as_str(), renewed.next_plan.as_ref()), (plan, left));
        }
    }

    #[test]
    fn it_is_longer_when_it_is_paid_and_only_the_flag_of_before_goes() {
        let (before, later) = (now(), now() + TimeDelta::seconds(2));
        for (state, clears_flag, expected) in [
            (Active, false, Active),
            (Cancelling { at: before }, true, Active),
            (Cancelling { at: later }, true, Cancelling { at: later }),
            (Cancelling { at: later }, false, Cancelling { at: later }),
            (PastDue, false, Active),
        ] {
            let set = asked(state, clears_flag);
            let decision = settled(&set, ChargeOutcome::Succeeded, later);
            let after = after(&set, &decision);
            let renewed = row(&after, HELD);
            assert_eq!((renewed.state, renewed.open_payment), (expected, None), "{state:?}");
            assert_eq!((renewed.months, renewed.end_date), (4, at("2026-09-30T08:00:00Z")));
            let grant = after.grants().next().unwrap();
            assert_eq!((&grant.source, grant.value), (&GrantSource::Renewal, 1_000));
            assert_eq!(grant.slice.unwrap().start, at("2026-07-31T08:00:00Z"));
            let moved = [(Cash, Deferred, 700), (Credit(ALICE), Deferred, 300)];
            assert_eq!(transfers(&decision.changes), moved);
            let result = decision.settles.unwrap().result;
            assert!(matches!(result, Ok(Success::Changed(Entity::Purchase { .. }))));
        }
    }

    #[test]
    fn it_goes_on_from_what_gifts_added_meanwhile() {
        let set = asked(Active, false);
        let longer = row(&set, HELD).extended(3, now()).unwrap();
        let set = after(
            &set,
            &changed(
                ALICE,
                Entity::Subscription(longer.clone()),
                vec![Change::Subscription(longer)],
            ),
        );
        let decision = settled(&set, ChargeOutcome::Succeeded, now());
        assert_eq!(row(&after(&set, &decision), HELD).months, 7);
    }

    #[test]
    fn declined_nothing_changes_and_credit_is_given_back() {
        let set = asked(Cancelling { at: now() }, true);
        let decision = settled(&set, declined(), now());
        let after = after(&set, &decision);
        let expected = Subscription { updated_at: now(), ..gold(Cancelling { at: now() }) };
        assert_eq!(row(&after, HELD), &expected);
        assert_eq!((alice(&after).credit, transfers(&decision.changes)), (300, vec![]));
        let result = decision.settles.unwrap().result;
        assert!(matches!(result, Err(Refusal::PaymentDeclined { .. })));
    }

    #[test]
    fn a_renewal_by_itself_that_has_waited_for_it_is_tried_when_it_fails() {
        let set = asked(Active, false);
        let found = row(&set, HELD).clone();
        let late = found.end_date + TimeDelta::minutes(5);
        let until = late + TimeDelta::hours(1);
        let waited = Subscription {
            auto_renew: true,
            attempts: 1,
            open_payment: Some(OpenPayment { id: PAID, until }),
            ..found
        };
        let tomorrow = Some(waited.end_date + TimeDelta::days(1));
        for (put_off, retry_at) in [(Some(until), Some(late)), (None, None), (tomorrow, tomorrow)] {
            let row_before = Subscription { retry_at: put_off, ..waited.clone() };
            let set = after(
                &set,
                &changed(
                    ALICE,
                    Entity::Subscription(row_before.clone()),
                    vec![Change::Subscription(row_before)],
                ),
            );
            let decision = settled(&set, declined(), late);
            assert_eq!(row(&after(&set, &decision), HELD).retry_at, retry_at);
        }
    }

    #[test]
    fn who_has_to_do_something_is_refused_and_may_do_it_or_try_anew() {
        let set = asked(Active, false);
        let action = ChargeOutcome::ActionRequired { action_url: "https://pay.test".to_owned() };
        let decision = settled(&set, action, now());
        let result = decision.settles.clone().unwrap().result;
        let Err(Refusal::PaymentActionRequired { payment }) = result else {
            panic!("{decision:?}")
        };
        assert_eq!(payment.phase.status(), PaymentStatus::ActionRequired);
        let waits = after(&set, &decision);
        assert_eq!(row(&waits, HELD), row(&set, HELD), "the row stands");
        let done = settled(&waits, ChargeOutcome::Succeeded, now());
        assert_eq!(row(&after(&waits, &done), HELD).months, 4);

        let anew = paid_by(&waits, RENEW);
        let anew_set = after(&waits, &anew);
        assert_eq!(payment_in(&anew_set, PAID).phase, PaymentPhase::Cancelled);
        let payment = payment_in(&anew_set, PaymentId::new(NEW));
        assert_eq!((payment.credit, payment.cash, alice(&anew_set).credit), (300, 700, 0));
        assert_eq!(kinds(&anew.effects), ["stop_charge", "charge"]);
    }

    fn told_too_late(decision: &Decision) -> (&Refusal, PaymentStatus) {
        match &decision.settles.as_ref().unwrap().result {
            Err(Refusal::TooLate { why, payment }) => (why, payment.phase.status()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_paid_when_it_has_ended_is_refused_and_paid_back() {
        let set = asked(Active, false);
        let cancel = Cancel { subscription_id: HELD, at_period_end: false };
        let ended = after(&set, &paid_by(&set, cancel));
        assert_eq!(row(&ended, HELD).open_payment, None);
        let decision = settled(&ended, ChargeOutcome::Succeeded, now());
        assert_eq!(transfers(&decision.changes), [(Cash, Account::Unapplied, 700)]);
        let paid_back = after(&ended, &decision);
        assert_eq!(alice(&paid_back).credit, 300);
        let payment: &Payment = payment_in(&paid_back, PAID);
        assert_eq!((payment.refunding, kinds(&decision.effects)), (700, vec!["pay_back"]));

        let current = SubscriptionStatus::Cancelled;
        let not_active = Refusal::SubscriptionNotActive { current };
        assert_eq!(told_too_late(&decision), (&not_active, PaymentStatus::Succeeded));
        let action = ChargeOutcome::ActionRequired { action_url: "https://pay.test".to_owned() };
        for (outcome, status) in [
            (action, PaymentStatus::Cancelled),
            (ChargeOutcome::StillUnknown, PaymentStatus::Processing),
        ] {
            let decision = settled(&ended, outcome, now());
            assert_eq!(told_too_late(&decision), (&not_active, status));
        }
        let result = settled(&ended, declined(), now()).settles.unwrap().result;
        assert!(matches!(result, Err(Refusal::PaymentDeclined { .. })), "{result:?}");
    }

    /// All workers stood still for a day.
    #[test]
    fn what_nothing_waits_for_any_more_is_shown_while_unknown_and_refused_at_its_end() {
        let set = asked(Cancelling { at: now() }, true);
        let late = now() + Payment::UNPAID_MAX;
        let lapse = LapsePayment { subscription_id: HELD, payment_id: PAID };
        let swept = after(&set, &due_at(&set, lapse, late).unwrap());
        let action = ChargeOutcome::ActionRequired { action_url: "https://pay.test".to_owned() };
        for set in [&set, &swept] {
            let decision = settled(set, ChargeOutcome::StillUnknown, late);
            assert_eq!((kinds(&decision.effects), transfers(&decision.changes)), (vec![], vec![]));
            assert_eq!(row(&after(set, &decision), HELD), row(set, HELD));
            let result = decision.settles.unwrap().result;
            let Ok(Success::Changed(Entity::Purchase { subscription, payment, .. })) = result
            else {
                panic!("{result:?}")
            };
            assert_eq!(subscription, *row(set, HELD), "it is unchanged");
            assert_eq!(payment.unwrap().phase.status(), PaymentStatus::Processing);

            for (outcome, status, effect) in [
                (ChargeOutcome::Succeeded, PaymentStatus::Succeeded, "pay_back"),
                (action.clone(), PaymentStatus::Cancelled, "stop_charge"),
            ] {
                let decision = settled(set, outcome, late);
                assert_eq!(told_too_late(&decision), (&Refusal::PaymentLapsed, status));
                assert_eq!(kinds(&decision.effects), [effect]);
                let after = after(set, &decision);
                assert_eq!((row(&after, HELD).months, alice(&after).credit), (2, 300));
                // Nothing is in the way of another try.
                let again = decided_in(&after, RENEW, &paying(late));
                assert_eq!(again.outcome, Outcome::Pending);
            }
            let result = settled(set, declined(), late).settles.unwrap().result;
            assert!(matches!(result, Err(Refusal::PaymentDeclined { .. })), "{result:?}");
        }
    }

    #[test]
    fn what_cannot_be_renewed_though_it_is_live_is_refused_for_its_reason() {
        let set = asked(Active, false);
        let changed_to = |change| {
            let mut set = set.clone();
            set.apply(change);
            set
        };
        let found = row(&set, HELD).clone();
        let in_euros = User { currency: Some(eur()), ..payer(0) };
        let anchor = at("9999-09-30T08:00:00Z");
        let long = Subscription { anchor, ..found };
        for (set, why) in [
            (
                changed_to(Change::ChangedUser(in_euros)),
                Refusal::CurrencyMismatch { currency: eur() },
            ),
            (changed_to(Change::Subscription(long)), Refusal::TermTooLong),
        ] {
            let decision = settled(&set, ChargeOutcome::Succeeded, now());
            assert_eq!(told_too_late(&decision), (&why, PaymentStatus::Succeeded));
            assert_eq!(transfers(&decision.changes), [(Cash, Account::Unapplied, 700)]);
        }
    }
}
