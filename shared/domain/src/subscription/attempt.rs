//! An attempt to renew a subscription by itself, or to make a trial a purchase.

use super::renew::MONTHS_WITHOUT_PLAN;
use crate::decide::Decider;
use crate::{
    Ask, Asked, Change, Effect, GrantId, GrantSource, Instant, Money, NewGrant, NewIds, NextPlan,
    OpenPayment, PaymentPhase, Purpose, Refusal, Subscription, SubscriptionState, Terms, User,
    Worth,
};

/// What came of an attempt.
pub(crate) struct Attempted {
    /// The rows to write.
    pub(crate) changes: Vec<Change>,
    /// What is to be done outside.
    pub(crate) effects: Vec<Effect>,
    /// The subscription after it.
    pub(crate) subscription: Subscription,
}

/// Tries to renew `subscription`, which is live, past its end, and renewed by itself, for the `n`th
/// time. What costs nothing is renewed at once. A payment that is in progress is waited for, and
/// one that the user had to do something for is given up. It takes one id of a grant, and one of a
/// payment at most.
pub(crate) fn attempt_renewal(
    decider: &Decider<'_>,
    subscription: &Subscription,
    n: u32,
    new_ids: &mut NewIds,
) -> Attempted {
    let (grant, now) = (new_ids.grant(), decider.context.now);
    let tried =
        Subscription { attempts: n, retry_at: None, updated_at: now, ..subscription.clone() };
    let Some(price) = tried.renewal_price(decider) else {
        return renewed(decider, &tried, grant, None)
            .unwrap_or_else(|_| not_renewed(decider, &tried, None));
    };
    if decider.no_payment_in_progress(&tried).is_err() {
        let put_off = tried.put_off();
        let changes = vec![Change::Subscription(put_off.clone())];
        return Attempted { changes, effects: Vec::new(), subscription: put_off };
    }
    let (closed, tried) = (decider.close_payment_of(&tried), tried.without_payment());
    let user = || decider.working_set.user(tried.client, tried.user).cloned();
    let asked = match closed.user.or_else(user) {
        Some(user) => ask(decider, &tried, &user, (price, n), new_ids),
        None => Err(Refusal::UserNotFound),
    };
    let mut attempted = match asked {
        Ok(asked) => charged(decider, &tried, grant, asked),
        // It is as if it was declined, but nobody was asked.
        Err(_) => not_renewed(decider, &tried, tried.next_retry(now)),
    };
    attempted.changes.splice(..0, closed.changes);
    attempted.effects.extend(closed.effect);
    attempted
}

fn ask(
    decider: &Decider<'_>,
    tried: &Subscription,
    user: &User,
    (price, attempt): (Money, u32),
    new_ids: &mut NewIds,
) -> Result<Asked, Refusal> {
    let (subscription, end_date) = (tried.id, tried.end_date);
    let months = tried.renewal_months(decider);
    // One that would end too late is not paid for.
    decider.fits(&tried.extended(months, decider.context.now)?)?;
    let NextPlan { code, version } = tried.renewed_as();
    let ask = Ask {
        user,
        purpose: Purpose::Renewal { subscription, end_date, attempt, months },
        plan: (&code, version),
        price,
        takes_credit: true,
        until: tried.access_end(),
    };
    decider.ask(ask, new_ids)
}

/// The subscription waits for the payment, or is renewed if nothing was left to be taken.
fn charged(
    decider: &Decider<'_>,
    tried: &Subscription,
    grant: GrantId,
    Asked { payment, mut changes, effect }: Asked,
) -> Attempted {
    if payment.phase == PaymentPhase::Succeeded {
        let mut attempted = renewed(decider, tried, grant, Some(Worth::of(&payment)))
            .unwrap_or_else(|_| not_renewed(decider, tried, None));
        attempted.changes.extend(changes);
        attempted.changes.extend(decider.time_is_paid(&payment));
        return attempted;
    }
    let open_payment = Some(OpenPayment { id: payment.id, until: payment.expires_at });
    let waiting = Subscription { open_payment, ..tried.clone() };
    changes.push(Change::Subscription(waiting.clone()));
    Attempted { changes, effects: effect.into_iter().collect(), subscription: waiting }
}

/// The subscription with the months of its renewal.
fn renewed(
    decider: &Decider<'_>,
    tried: &Subscription,
    grant: GrantId,
    worth: Option<Worth>,
) -> Result<Attempted, Refusal> {
    let wanted = tried.as_renewed(tried.renewed_as());
    let grant = NewGrant { id: grant, source: GrantSource::Renewal, worth };
    let (changes, subscription) = decider.extend(&wanted, tried.renewal_months(decider), grant)?;
    Ok(Attempted { changes, effects: Vec::new(), subscription })
}

/// The subscription after an attempt that failed, which is made again at that instant, and the one
/// behind it if that begins now.
pub(super) fn not_renewed(
    decider: &Decider<'_>,
    subscription: &Subscription,
    retry_at: Option<Instant>,
) -> Attempted {
    let failed = subscription.after_failed_attempt(retry_at, decider.context.now);
    let mut changes = vec![Change::Subscription(failed.clone())];
    if failed.state == SubscriptionState::Expired {
        changes.extend(decider.successor(&failed));
    }
    Attempted { changes, effects: Vec::new(), subscription: failed }
}

impl Subscription {
    fn renewal_terms<'a>(&self, decider: &'a Decider<'_>) -> Option<&'a Terms> {
        decider.working_set.next_terms_of(self)
    }

    /// The months of its renewal: one interval, or what is bought after a trial.
    fn renewal_months(&self, decider: &Decider<'_>) -> u32 {
        let interval = || self.renewal_terms(decider).map(|terms| terms.interval.months());
        let first = self.conversion.map(|first| first.months);
        first.or_else(interval).unwrap_or(MONTHS_WITHOUT_PLAN)
    }

    /// The price of its renewal, if it has one.
    fn renewal_price(&self, decider: &Decider<'_>) -> Option<Money> {
        let price = self.renewal_terms(decider)?.price_of(self.renewal_months(decider));
        (price.amount > 0).then_some(price)
    }

    /// This subscription as it is to be when it is renewed as that plan, but for the months.
    pub(super) fn as_renewed(&self, NextPlan { code, version }: NextPlan) -> Self {
        Self {
            plan: code,
            plan_version: version,
            next_plan: None,
            state: SubscriptionState::Active,
            conversion: None,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Account, Change, ChargeOutcome, Conversion, Decision, DeclineCode, Instant, OpenPayment,
        Payment, PaymentId, PaymentPhase, Purpose, RefundStatus, Renew, RenewSubscription,
        SettlePayment, Subscription, SubscriptionState, WorkingSet,
    };
    use SubscriptionState::{Active, Expired, PastDue};
    use chrono::TimeDelta;

    /// Gold at 12 dollars a month, renewed by itself, until 31 July, 8:00.
    fn renewing(grace_days: u32) -> Subscription {
        let plan = "gold".to_owned();
        Subscription { plan, auto_renew: true, grace_days, ..held(Holding::Running) }
    }

    fn end() -> Instant {
        held(Holding::Running).end_date
    }

    fn rows(subscription: &Subscription, credit: u64) -> WorkingSet {
        working_set([
            Change::Plan(priced("gold", 1_200)),
            Change::ChangedUser(payer(credit)),
            Change::Method(card()),
            Change::Subscription(subscription.clone()),
        ])
    }

    /// Does what is due of the subscription, which must be that, and at that instant.
    fn due(rows: &WorkingSet, n: u32, at: Instant) -> Decision {
        let subscription = row(rows, HELD);
        assert_eq!(subscription.due_at(), Some(at));
        let command = subscription.due().unwrap();
        let (subscription_id, end_date) = (HELD, subscription.end_date);
        assert_eq!(command, RenewSubscription { subscription_id, end_date, n }.into());
        settled_at(rows, command, at).unwrap()
    }

    /// The payment that was made last.
    fn asked(decision: &Decision) -> &Payment {
        let mut payments = decision.changes.iter().rev().filter_map(|change| match change {
            Change::Payment(payment) => Some(payment),
            _ => None,
        });
        payments.next().unwrap()
    }

    fn settle(
        rows: &WorkingSet,
        payment: PaymentId,
        outcome: ChargeOutcome,
        now: Instant,
    ) -> Decision {
        settled_at(rows, SettlePayment { payment_id: payment, outcome }, now).unwrap()
    }

    fn declined(is_hard: bool) -> ChargeOutcome {
        let code = if is_hard { "stolen_card" } else { "generic_decline" };
        ChargeOutcome::Declined { decline: DeclineCode { code: code.to_owned(), is_hard } }
    }

    #[test]
    fn it_is_charged_at_its_end_and_renewed_when_the_money_is_there() {
        let before = rows(&renewing(7), 0);
        let tried = due(&before, 1, end());
        assert_eq!(kinds(&tried.effects), ["charge"]);
        let payment = asked(&tried);
        assert_eq!(
            (payment.cash, payment.credit, &payment.phase),
            (1_200, 0, &PaymentPhase::Created)
        );
        let purpose =
            Purpose::Renewal { subscription: HELD, end_date: end(), attempt: 1, months: 1 };
        assert_eq!(payment.purpose, purpose);
        let rows = after(&before, &tried);
        let waiting = row(&rows, HELD);
        assert_eq!((waiting.state, waiting.attempts, waiting.end_date), (Active, 1, end()));
        let until = end() + TimeDelta::days(7);
        assert_eq!(waiting.open_payment, Some(OpenPayment { id: payment.id, until }));

        let paid = settle(&rows, payment.id, ChargeOutcome::Succeeded, end());
        assert_eq!(transfers(&paid.changes), [(Account::Cash, Account::Deferred, 1_200)]);
        let rows = after(&rows, &paid);
        let renewed = row(&rows, HELD);
        // Counted from 31 May.
        let next = at("2026-08-31T08:00:00Z");
        assert_eq!((renewed.state, renewed.end_date, renewed.months), (Active, next, 3));
        assert_eq!((renewed.attempts, renewed.open_payment), (0, None));
        assert_eq!(renewed.recognise_at, Some(next));
        let grant = rows.grants_of(HELD).last().unwrap();
        assert_eq!((grant.value, grant.payment), (1_200, Some(payment.id)));
        assert_eq!(grant.slice.map(|slice| (slice.start, slice.end)), Some((end(), next)));
        assert_eq!(alice(&rows).currency, Some(usd()));
        assert_eq!(payment_in(&rows, payment.id).phase, PaymentPhase::Succeeded);
    }

    /// The days at which it is tried if each attempt fails at once, and the state at last.
    fn tries(grace_days: u32, has_method: bool, is_hard: bool) -> (Vec<i64>, SubscriptionState) {
        let mut rows = rows(&renewing(grace_days), 0);
        if !has_method {
            let user = crate::User { default_method: None, ..payer(0) };
            rows.apply(Change::ChangedUser(user));
        }
        let mut days = Vec::new();
        while let Some(command) = row(&rows, HELD).due() {
            let at = row(&rows, HELD).due_at().unwrap();
            if command.operation() == crate::Operation::RenewSubscription {
                days.push((at - end()).num_days());
            }
            let made = settled_at(&rows, command, at).unwrap();
            rows = after(&rows, &made);
            if let Some(open) = row(&rows, HELD).open_payment {
                rows = after(&rows, &settle(&rows, open.id, declined(is_hard), at));
            }
        }
        (days, row(&rows, HELD).state)
    }

    #[test]
    fn it_is_tried_again_after_1_3_and_5_days_inside_its_grace() {
        for (grace_days, has_method, is_hard, expected) in [
            (7, true, false, vec![0, 1, 3, 5]),
            (5, true, false, vec![0, 1, 3]),
            (1, true, false, vec![0]),
            (0, true, false, vec![0]),
            (7, true, true, vec![0]),
            (7, false, false, vec![0, 1, 3, 5]),
        ] {
            assert_eq!(tries(grace_days, has_method, is_hard), (expected, Expired), "{grace_days}");
        }
    }

    #[test]
    fn after_an_attempt_that_failed_it_is_past_due_as_long_as_its_grace_lasts() {
        for (grace_days, is_hard, state, retry_day) in [
            (7, false, PastDue, Some(1)),
            (7, true, PastDue, None),
            (1, false, PastDue, None),
            (0, false, Expired, None),
        ] {
            let before = rows(&renewing(grace_days), 0);
            let tried = due(&before, 1, end());
            let rows = after(&before, &tried);
            let failed = settle(&rows, asked(&tried).id, declined(is_hard), end());
            assert_eq!(transfers(&failed.changes), []);
            let failed = subscription_of(&failed);
            let retry_at = retry_day.map(|days| end() + TimeDelta::days(days));
            assert_eq!((failed.state, failed.retry_at), (state, retry_at), "{grace_days}");
            assert_eq!((failed.end_date, failed.open_payment), (end(), None));
        }
    }

    #[test]
    fn a_charge_that_needs_the_user_is_a_hard_decline_and_is_given_up() {
        let before = rows(&renewing(7), 0);
        let tried = due(&before, 1, end());
        let rows = after(&before, &tried);
        let action_url = "https://pay.test/1".to_owned();
        let found =
            settle(&rows, asked(&tried).id, ChargeOutcome::ActionRequired { action_url }, end());
        assert_eq!(kinds(&found.effects), ["stop_charge"]);
        let decline_code = "authentication_required".to_owned();
        assert_eq!(asked(&found).phase, PaymentPhase::Declined { decline_code });
        let failed = subscription_of(&found);
        assert_eq!((failed.state, failed.retry_at), (PastDue, None));
    }

    #[test]
    fn what_is_not_known_is_waited_for_and_is_paid_back_after_the_grace() {
        let before = rows(&renewing(7), 0);
        let tried = due(&before, 1, end());
        let payment = asked(&tried).id;
        let rows = after(&before, &tried);
        let rows = after(&rows, &settle(&rows, payment, ChargeOutcome::Unknown, end()));
        let waiting = due(&rows, 2, end() + TimeDelta::hours(1));
        assert_eq!(waiting.effects, []);
        let rows = after(&rows, &waiting);
        let found = row(&rows, HELD);
        let over = end() + TimeDelta::days(7);
        assert_eq!((found.state, found.attempts, found.retry_at), (PastDue, 2, Some(over)));
        assert_eq!(found.due_at(), Some(over));
        // In grace it is renewed by it.
        let just = over - TimeDelta::microseconds(1);
        let saved = settle(&rows, payment, ChargeOutcome::Succeeded, just);
        let saved = subscription_of(&saved);
        assert_eq!((saved.state, saved.end_date), (Active, at("2026-08-31T08:00:00Z")));
        // It makes no difference whether that it is over is marked.
        let expired = after(&rows, &settled_at(&rows, found.due().unwrap(), over).unwrap());
        for rows in [rows, expired] {
            let late = settle(&rows, payment, ChargeOutcome::Succeeded, over);
            assert_eq!(kinds(&late.effects), ["pay_back"]);
            assert_eq!(transfers(&late.changes), [(Account::Cash, Account::Unapplied, 1_200)]);
            let refund = late.changes.iter().find_map(|change| match change {
                Change::Refund(refund) => Some((refund.status, refund.is_of_late_money)),
                _ => None,
            });
            assert_eq!(refund, Some((RefundStatus::Pending, true)));
        }
    }

    #[test]
    fn what_was_due_while_an_attempt_was_under_way_is_done_when_that_has_failed() {
        let before = rows(&renewing(7), 0);
        let tried = due(&before, 1, end());
        let rows = after(&before, &tried);
        let day = TimeDelta::days(1);
        for (late, is_hard, retry_day) in [
            (day / 2, false, Some(day)),
            (day, false, Some(day)),
            (day * 2, false, Some(day * 2)),
            (day * 4, false, Some(day * 4)),
            (day * 4, true, None),
        ] {
            let failed = settle(&rows, asked(&tried).id, declined(is_hard), end() + late);
            let retry_at = retry_day.map(|days| end() + days);
            assert_eq!(subscription_of(&failed).retry_at, retry_at, "{late}");
        }
    }

    #[test]
    fn a_method_that_has_become_the_default_one_meanwhile_is_tried_at_once() {
        let before = rows(&renewing(7), 0);
        let tried = due(&before, 1, end());
        let mut rows = after(&before, &tried);
        let newer = Some(crate::PaymentMethodId::new(NEW));
        rows.apply(Change::ChangedUser(crate::User { default_method: newer, ..payer(0) }));
        let late = end() + TimeDelta::minutes(1);
        let failed = settle(&rows, asked(&tried).id, declined(true), late);
        let failed = subscription_of(&failed);
        assert_eq!((failed.state, failed.retry_at), (PastDue, Some(late)));
    }

    /// A client asks for the renewal in grace, the provider is silent, and then declines.
    #[test]
    fn an_attempt_that_meets_a_payment_of_a_client_is_made_when_that_has_failed() {
        let day = TimeDelta::days(1);
        let past_due = Subscription { state: PastDue, attempts: 1, ..renewing(7) };
        let before = rows(&Subscription { retry_at: Some(end() + day), ..past_due }, 0);
        let renew = Renew { subscription_id: HELD, duration_months: None };
        let asked_at = end() + day - TimeDelta::hours(1);
        let rows = after(&before, &decided_in(&before, renew, &paying(asked_at)));
        let open = row(&rows, HELD).open_payment.unwrap();

        let met = due(&rows, 2, end() + day);
        assert_eq!(met.effects, []);
        let rows = after(&rows, &met);
        assert_eq!(row(&rows, HELD).due_at(), Some(open.until), "it is not forgotten");
        let failed = settle(&rows, open.id, declined(false), end() + day * 3 / 2);
        let rows = after(&rows, &failed);
        let tried = due(&rows, 3, end() + day * 3 / 2);
        let rows = after(&rows, &tried);
        let failed = settle(&rows, asked(&tried).id, declined(false), end() + day * 3 / 2);
        assert_eq!(subscription_of(&failed).retry_at, Some(end() + day * 3));
    }

    #[test]
    fn credit_is_spent_first_and_is_given_back_when_the_rest_is_declined() {
        let all = rows(&renewing(7), 1_500);
        let renewed = due(&all, 1, end());
        assert_eq!(renewed.effects, []);
        let credit = Account::Credit(ALICE);
        assert_eq!(transfers(&renewed.changes), [(credit, Account::Deferred, 1_200)]);
        let rows_after = after(&all, &renewed);
        assert_eq!(alice(&rows_after).credit, 300);
        assert_eq!(row(&rows_after, HELD).end_date, at("2026-08-31T08:00:00Z"));

        let some = rows(&renewing(7), 500);
        let tried = due(&some, 1, end());
        assert_eq!((asked(&tried).cash, asked(&tried).credit), (700, 500));
        let rows = after(&some, &tried);
        assert_eq!(alice(&rows).credit, 0);
        let failed = settle(&rows, asked(&tried).id, declined(false), end());
        assert_eq!(alice(&after(&rows, &failed)).credit, 500);
        let paid = settle(&rows, asked(&tried).id, ChargeOutcome::Succeeded, end());
        let moved = [(Account::Cash, Account::Deferred, 700), (credit, Account::Deferred, 500)];
        assert_eq!(transfers(&paid.changes), moved);
    }

    #[test]
    fn an_attempt_waits_for_an_earlier_payment_and_takes_the_place_of_one_that_needs_the_user() {
        let purpose = Purpose::Renew { subscription: HELD, months: 1, clears_flag: false };
        let created_at = end() - TimeDelta::hours(1);
        let until = end() + TimeDelta::hours(22);
        let earlier = Payment { created_at, expires_at: until, ..sent_payment(purpose, 1_200, 0) };
        let open_payment = Some(OpenPayment { id: PAID, until });
        let subscription = Subscription { open_payment, ..renewing(7) };
        let mut before = rows(&subscription, 0);
        before.apply(Change::Payment(earlier.clone()));
        let waiting = due(&before, 1, end());
        assert_eq!(waiting.effects, []);
        let rows = after(&before, &waiting);
        assert_eq!(row(&rows, HELD).open_payment, open_payment);
        // It is declined: now the renewal is tried.
        let soon = end() + TimeDelta::minutes(5);
        let rows = after(&rows, &settle(&rows, PAID, declined(false), soon));
        let tried = due(&rows, 2, soon);
        assert_eq!(kinds(&tried.effects), ["charge"]);

        before.apply(Change::Payment(waiting_for_user(&earlier)));
        let tried = due(&before, 1, end());
        assert_eq!(kinds(&tried.effects), ["charge", "stop_charge"]);
        assert_eq!(payment_in(&after(&before, &tried), PAID).phase, PaymentPhase::Cancelled);
    }

    #[test]
    fn the_first_period_after_a_trial_is_bought_at_its_end_and_tried_again_as_a_renewal() {
        let trial = Subscription {
            state: SubscriptionState::Trialing { cancelling: None },
            auto_renew: false,
            trial_end: Some(end()),
            anchor: end(),
            anchor_months: 0,
            months: 0,
            conversion: Some(Conversion { months: 3, is_payable: true }),
            ..renewing(7)
        };
        let before = rows(&trial, 0);
        let tried = due(&before, 1, end());
        assert_eq!(asked(&tried).cash, 3_600);
        let rows = after(&before, &tried);
        let paid = settle(&rows, asked(&tried).id, ChargeOutcome::Succeeded, end());
        let bought = subscription_of(&paid);
        // Three months from 31 July.
        let next = at("2026-10-31T08:00:00Z");
        assert_eq!((bought.state, bought.end_date, bought.months), (Active, next, 3));
        assert_eq!((bought.conversion, bought.trial_end), (None, Some(end())));
        let failed = settle(&rows, asked(&tried).id, declined(false), end());
        let rows = after(&rows, &failed);
        assert_eq!(row(&rows, HELD).state, PastDue);
        let again = due(&rows, 2, end() + TimeDelta::days(1));
        assert_eq!(asked(&again).cash, 3_600);
    }
}
