//! `subscribe`: starts a subscription.

use super::supersede::Superseded;
use crate::bounded::is_false;
use crate::decide::{Decider, OpenRules, Ruled};
use crate::payment::{Ask, bought};
use crate::plan::{months, months_schema};
use crate::read_if::read_if;
use crate::{
    Change, ClientId, Conversion, Entity, ExternalId, GrantId, GrantSource, Needs, NewGrant,
    NewIds, OpenPayment, Payment, PaymentId, Plan, PlanCode, Purpose, Refusal, Sold, Subscription,
    SubscriptionId, SubscriptionState, Success, UsedTrial, User, UserId, UserRef, Worth, calendar,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Starts a subscription. A user has at most one that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Subscribe {
    /// The user who gets the subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = UserId)]
    pub user_id: Option<UserId>,
    /// The external id of that user, in the place of `user_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ExternalId)]
    pub external_id: Option<ExternalId>,
    /// The plan of the subscription.
    pub plan: PlanCode,
    /// The term in months; one interval of the plan when absent.
    #[serde(default, deserialize_with = "months")]
    #[schema(schema_with = months_schema)]
    pub duration_months: Option<u32>,
    /// Whether it is renewed at its end by itself; not when absent.
    // Not written where false, so that releases which do not know it can read the command.
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto_renew: bool,
    /// Whether it begins with the trial of the plan: if not, it is paid at once. When absent, it
    /// does if the user can have one.
    // Not written where absent, so that releases which do not know it can read the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool)]
    pub trial: Option<bool>,
}

read_if!(Subscribe, |command| command.user().is_one(), "must name one user, in one way");

impl Subscribe {
    const fn user(&self) -> UserRef<'_> {
        UserRef { id: self.user_id, external_id: self.external_id.as_ref() }
    }
}

impl OpenRules for Subscribe {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        self.user().needs(client, needs);
        needs.plans.insert((client, self.plan.clone()));
        needs.money = true;
        needs.trials = true;
        needs.new_ids.subscriptions += 1;
        needs.new_ids.grants += 1;
        needs.new_ids.payments += 1;
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.user(self.user())?.id)
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let ids = (new_ids.subscription(), new_ids.grant(), new_ids.payment());
        let user = decider.user(self.user()).ok_or(Refusal::UserNotFound)?;
        let plan = decider.plan_on_sale(&self.plan)?;
        let months = plan.terms.term(plan.code.as_str(), self.duration_months)?;
        decider.not_subscribed(user.id)?;
        let has_trial = plan.terms.trial_days > 0;
        let is_used = decider.working_set.has_used_trial(user.id, &plan.details.tier);
        if self.trial == Some(true) && (is_used || !has_trial) {
            return Err(Refusal::TrialNotAvailable);
        }
        let before = decider.supersede_pending(user)?;
        let wants_trial = has_trial && self.trial != Some(false);
        let order = Order { user, plan, months, ids, trial_used: wants_trial && is_used };
        let sold = Sold { auto_renew: self.auto_renew, ..plan.sold() };
        if wants_trial && !is_used {
            return order.on_trial(decider, sold, before);
        }
        order.at_once(decider, sold, before)
    }
}

/// What a user wants to have.
struct Order<'a> {
    user: &'a User,
    plan: &'a Plan,
    months: u32,
    ids: (SubscriptionId, GrantId, PaymentId),
    trial_used: bool,
}

impl Order<'_> {
    /// It begins with a trial. Nothing is charged before the end of it.
    fn on_trial(
        &self,
        decider: &Decider<'_>,
        sold: Sold<'_>,
        before: Superseded,
    ) -> Result<Ruled, Refusal> {
        let (now, terms) = (decider.context.now, &self.plan.terms);
        let (id, grant, _) = self.ids;
        let trial_end = now + TimeDelta::days(terms.trial_days.into());
        calendar::add_months(trial_end, self.months).ok_or(Refusal::TermTooLong)?;
        let is_free = terms.price.amount == 0;
        if !is_free {
            decider.provider_for(self.user, sold.plan, terms.price)?;
        }
        let is_payable = is_free || decider.default_method(self.user).is_some();
        let owner = (self.user.id, self.user.client);
        let trialing = Subscription {
            state: SubscriptionState::Trialing { cancelling: None },
            anchor: trial_end,
            end_date: trial_end,
            trial_end: Some(trial_end),
            conversion: Some(Conversion { months: self.months, is_payable }),
            ..Subscription::scheduled(id, owner, sold, 0, now)
        };
        let grant = NewGrant { id: grant, source: GrantSource::Trial, worth: None };
        let (rows, trialing) = decider.start(trialing, grant);
        let (client, user) = (self.user.client, self.user.id);
        let trial = UsedTrial { client, user, tier: self.plan.details.tier.clone() };
        let changes = before.changes.into_iter().chain(rows).chain([Change::Trial(trial)]);
        Ok(Ruled {
            changes: changes.collect(),
            effects: before.effects,
            success: Some(Success::Created(Entity::Subscription(trialing))),
        })
    }

    /// It begins at once, if it costs nothing that the provider has to take, and else it is
    /// pending.
    fn at_once(
        &self,
        decider: &Decider<'_>,
        sold: Sold<'_>,
        before: Superseded,
    ) -> Result<Ruled, Refusal> {
        let (now, terms) = (decider.context.now, &self.plan.terms);
        let ((id, grant, payment), owner) = (self.ids, (self.user.id, self.user.client));
        let Superseded { user, mut changes, mut effects } = before;
        let new = Subscription::scheduled(id, owner, sold, self.months, now);
        let begun = new.clone().begun(now)?;
        let grant = NewGrant { id: grant, source: GrantSource::Purchase, worth: None };
        if terms.price.amount == 0 {
            let (rows, begun) = decider.start(begun, grant);
            changes.extend(rows);
            let success = Some(Success::Created(bought(begun, None, self.trial_used)));
            return Ok(Ruled { changes, effects, success });
        }
        decider.provider_for(self.user, sold.plan, terms.price)?;
        let until = calendar::writable(now + Payment::UNPAID_MAX);
        let asked = decider.ask_as(
            payment,
            Ask {
                user: &user,
                purpose: Purpose::Subscribe { subscription: id, trial_used: self.trial_used },
                plan: (sold.plan, sold.version),
                price: terms.price_of(self.months),
                takes_credit: true,
                until,
            },
        )?;
        changes.extend(asked.changes);
        if let Some(effect) = asked.effect {
            let (state, id) = (SubscriptionState::Pending, asked.payment.id);
            let open_payment = Some(OpenPayment { id, until });
            changes.push(Change::Subscription(Subscription { state, open_payment, ..new }));
            effects.push(effect);
            return Ok(Ruled { changes, effects, success: None });
        }
        let grant = NewGrant { worth: Some(Worth::of(&asked.payment)), ..grant };
        let (rows, begun) = decider.start(begun, grant);
        changes.extend(rows);
        changes.extend(decider.time_is_paid(&asked.payment));
        let shown = bought(begun, Some(asked.payment), self.trial_used);
        Ok(Ruled { changes, effects, success: Some(Success::Created(shown)) })
    }
}

#[cfg(test)]
mod tests {
    use super::Subscribe;
    use crate::samples::*;
    use crate::{
        Account, Change, Context, Conversion, Decision, Entity, GrantSource, Instant, Interval,
        MethodStatus, Money, OpenPayment, Outcome, Payment, PaymentId, PaymentPhase, Plan, PlanId,
        Provider, Purpose, Refusal, Subscription, SubscriptionId, SubscriptionState, Success,
        Terms, UsedTrial, User, UserId, WorkingSet,
    };
    use chrono::TimeDelta;

    fn subscribe(user_id: UserId, code: &str, duration_months: Option<u32>) -> Subscribe {
        let (user_id, plan) = (Some(user_id), plan(code));
        Subscribe {
            user_id,
            external_id: None,
            plan,
            duration_months,
            auto_renew: false,
            trial: None,
        }
    }

    fn running() -> Refusal {
        let end_date = held(Holding::Running).end_date;
        Refusal::AlreadySubscribed { subscription: HELD, end_date }
    }

    fn uneven() -> Refusal {
        Refusal::DurationNotMultiple { plan: "yearly".to_owned(), interval_months: 12 }
    }

    fn unknown(code: &str) -> Refusal {
        let on_sale = vec!["monthly".to_owned(), "yearly".to_owned()];
        Refusal::UnknownPlan { plan: code.to_owned(), on_sale, more: false }
    }

    /// A plan of one year that has a price.
    fn gold() -> Plan {
        let bought = plan_of("yearly");
        let price = Money { amount: 12_000, ..bought.terms.price };
        let terms = Terms { price, ..bought.terms };
        Plan { id: PlanId::new(7), code: plan("gold"), terms, version: 3, ..bought }
    }

    fn expected(holding: Holding) -> Decision {
        if holding == Holding::Running {
            return refused(ALICE, running());
        }
        let new = begun(ALICE, "monthly", 2, at("2026-08-15T12:00:00.123456Z"));
        let changes = begin(&new, GrantSource::Purchase, holding);
        created(ALICE, Entity::Subscription(new), changes)
    }

    #[test]
    fn only_a_running_subscription_of_the_user_stands_in_the_way() {
        for state in Holding::ALL {
            let found = decided(&holding(state, []), subscribe(ALICE, "monthly", Some(2)));
            assert_eq!(found, expected(state), "{state:?}");
        }
    }

    #[test]
    fn a_subscription_stands_in_the_way_until_the_instant_it_ends() {
        let (rows, end) = (holding(Holding::Running, []), held(Holding::Running).end_date);
        let command = || subscribe(ALICE, "monthly", None);
        let before = decided_at(&rows, command(), end - TimeDelta::microseconds(1));
        assert_eq!(before, refused(ALICE, running()));

        let after = decided_at(&rows, command(), end);
        assert_eq!(subscription_of(&after).start_date, end);
        assert!(matches!(after.changes.first(), Some(Change::Subscription(old)) if old.id == HELD));
    }

    #[test]
    fn no_user_of_another_client_can_be_subscribed() {
        for stranger in [NOBODY, EVE, UserId::new(0), UserId::new(-1), UserId::new(i64::MAX)] {
            let found = decided(&working_set([]), subscribe(stranger, "monthly", None));
            assert_eq!(found, refused(None, Refusal::UserNotFound));
        }
    }

    #[test]
    fn a_plan_that_is_not_on_sale_is_refused_by_name() {
        for code in ["gold", "month", "monthly-", "annual"] {
            let found = decided(&working_set([]), subscribe(ALICE, code, None));
            assert_eq!(found, refused(ALICE, unknown(code)));
        }
    }

    #[test]
    fn the_user_is_looked_for_before_the_plan_and_the_plan_before_what_runs() {
        let gold = unknown("gold");
        for (user, code, months, expected) in [
            (NOBODY, "gold", 7, refused(None, Refusal::UserNotFound)),
            (ALICE, "gold", 7, refused(ALICE, gold)),
            (ALICE, "yearly", 7, refused(ALICE, uneven())),
            (ALICE, "yearly", 12, refused(ALICE, running())),
        ] {
            let rows = holding(Holding::Running, []);
            assert_eq!(decided(&rows, subscribe(user, code, Some(months))), expected);
        }
    }

    #[test]
    fn a_priced_plan_is_refused_last_and_a_retired_one_as_soon_as_it_is_found() {
        let retired = Change::Plan(gold().retired(now()));
        let retired = holding(Holding::Running, [retired]);
        let found = decided(&retired, subscribe(ALICE, "gold", Some(7)));
        assert_eq!(found, refused(ALICE, Refusal::PlanRetired { plan: "gold".to_owned() }));

        let disabled = Refusal::PaymentsDisabled { plan: "gold".to_owned() };
        let uneven = Refusal::DurationNotMultiple { plan: "gold".to_owned(), interval_months: 12 };
        let late = at("9999-06-01T00:00:00Z");
        for (state, months, now, refusal) in [
            (Holding::Running, Some(7), now(), uneven),
            (Holding::Running, None, now(), running()),
            (Holding::Nothing, None, late, Refusal::TermTooLong),
            (Holding::Nothing, None, now(), disabled),
        ] {
            let rows = holding(state, [Change::Plan(gold())]);
            let found = decided_at(&rows, subscribe(ALICE, "gold", months), now);
            assert_eq!(found, refused(ALICE, refusal));
        }
    }

    #[test]
    fn the_newest_version_is_sold_and_remembered() {
        let price = Money { amount: 0, ..gold().terms.price };
        let terms = Terms { price, interval: Interval::Month, ..gold().terms };
        let rows = working_set([Change::Plan(Plan { terms, ..gold() })]);
        let found = decided(&rows, subscribe(ALICE, "gold", None));
        let Subscription { plan, plan_version, months, .. } = subscription_of(&found);
        assert_eq!((plan.as_str(), *plan_version, *months), ("gold", 3, 1));
    }

    #[test]
    fn a_refusal_names_the_oldest_plans_on_sale_of_the_client_and_how_many_are_left_out() {
        let others = (10..30).map(|id| {
            let code = plan(&format!("plan-{id}"));
            Change::Plan(Plan { id: PlanId::new(id), code, ..gold() })
        });
        let retired = Change::Plan(plan_of("yearly").retired(now()));
        let foreign = Change::Plan(Plan { client: RIVAL, ..gold() });
        let rows = working_set(others.chain([retired, foreign]));
        let found = decided(&rows, subscribe(ALICE, "silver", None)).outcome;
        let Some(Refusal::UnknownPlan { on_sale, more, .. }) = found.refusal() else {
            panic!("{found:?}")
        };
        assert_eq!((on_sale.len(), *more), (10, true));
        assert_eq!(on_sale[..3], ["monthly", "plan-10", "plan-11"]);
    }

    #[test]
    fn the_end_keeps_the_microseconds_of_the_start() {
        let new = begun(ALICE, "yearly", 12, at("2027-06-15T12:00:00.123456Z"));
        let found = decided(&working_set([]), subscribe(ALICE, "yearly", Some(12)));
        assert_eq!(*subscription_of(&found), new);
    }

    #[test]
    fn a_monthly_plan_is_sold_for_any_months_and_a_yearly_one_by_whole_years() {
        let found = |code, months| decided(&working_set([]), subscribe(ALICE, code, months));
        assert_eq!(subscription_of(&found("monthly", None)).months, 1);
        assert_eq!(subscription_of(&found("yearly", None)).months, 12);
        for months in 1..=120 {
            assert_eq!(subscription_of(&found("monthly", Some(months))).months, months);
            let yearly = found("yearly", Some(months));
            if [12, 24, 36, 48, 60, 72, 84, 96, 108, 120].contains(&months) {
                assert_eq!(subscription_of(&yearly).months, months);
            } else {
                assert_eq!(yearly, refused(ALICE, uneven()), "{months}");
            }
        }
    }

    /// Gold for 5 dollars a month, with a trial of so many days.
    fn gold_for_money(trial_days: u32) -> Plan {
        let plan = priced("gold", 500);
        Plan { terms: Terms { trial_days, ..plan.terms }, ..plan }
    }

    fn shop(plan: Plan, user: User, more: Vec<Change>) -> WorkingSet {
        let rows = [Change::Plan(plan), Change::Method(card()), Change::User(user)];
        working_set(rows.into_iter().chain(more))
    }

    fn pending_since(until: Instant) -> Vec<Change> {
        let purpose = Purpose::Subscribe { subscription: HELD, trial_used: false };
        let open_payment = Some(OpenPayment { id: PAID, until });
        let (state, end_date) = (SubscriptionState::Pending, held(Holding::Running).start_date);
        let pending = Subscription { state, end_date, open_payment, ..held(Holding::Running) };
        let payment = Payment { id: PAID, ..sent_payment(purpose, 500, 70) };
        vec![Change::Subscription(pending), Change::Payment(payment)]
    }

    #[test]
    fn what_has_a_price_is_pending_until_it_is_paid() {
        let set = shop(gold_for_money(0), payer(300), vec![]);
        let decision = paid_by(&set, subscribe(ALICE, "gold", Some(2)));
        assert_eq!((&decision.outcome, decision.user), (&Outcome::Pending, Some(ALICE)));
        let after = after(&set, &decision);
        let (id, payment_id) = (SubscriptionId::new(NEW), PaymentId::new(NEW));
        let pending = row(&after, id);
        assert_eq!(pending.state, SubscriptionState::Pending);
        assert_eq!((pending.start_date, pending.end_date, pending.months), (now(), now(), 2));
        let until = now() + TimeDelta::hours(23);
        assert_eq!(pending.open_payment, Some(OpenPayment { id: payment_id, until }));
        let payment = payment_in(&after, payment_id);
        assert_eq!((payment.amount, payment.cash, payment.credit), (1_000, 700, 300));
        assert_eq!((&payment.phase, payment.expires_at), (&PaymentPhase::Sent, until));
        assert_eq!(alice(&after).credit, 0, "it is reserved");
        assert_eq!(transfers(&decision.changes), [], "nothing is posted before the money");
        assert_eq!(kinds(&decision.effects), ["charge"]);
        assert_eq!(after.grants().count(), 0);
    }

    #[test]
    fn what_credit_pays_begins_at_once() {
        let set = shop(gold_for_money(0), payer(500), vec![]);
        let decision = paid_by(&set, subscribe(ALICE, "gold", None));
        let after = after(&set, &decision);
        assert_eq!(row(&after, SubscriptionId::new(NEW)).state, SubscriptionState::Active);
        let moved = [(Account::Credit(ALICE), Account::Deferred, 500)];
        assert_eq!(transfers(&decision.changes), moved);
        assert_eq!((alice(&after).credit, decision.effects.len()), (0, 0));
        let payment = payment_in(&after, PaymentId::new(NEW));
        assert_eq!((payment.cash, payment.provider, payment.method), (0, None, None));
        assert_eq!(payment.settled_at, Some(now()));
    }

    #[test]
    fn refusals_of_what_has_a_price_come_in_the_order_of_the_contract() {
        let gold = || gold_for_money(0);
        let in_euros = User { currency: Some(eur()), ..payer(0) };
        let no_method = User { default_method: None, ..payer(0) };
        let detached = crate::PaymentMethod { status: MethodStatus::Detached, ..card() };
        let mismatch = Refusal::CurrencyMismatch { currency: eur() };
        let disabled = Refusal::PaymentsDisabled { plan: "gold".to_owned() };
        let waits = || pending_since(now() + TimeDelta::hours(1));
        let busy = Refusal::PaymentInProgress { payment: PAID };
        let late = at("9999-12-05T00:00:00Z");
        for (user, more, provider, time, refusal) in [
            (&in_euros, waits(), None, now(), busy),
            (&in_euros, vec![], None, late, Refusal::TermTooLong),
            (&in_euros, vec![], None, now(), mismatch),
            (&no_method, vec![], None, now(), disabled),
            (&no_method, vec![], Some(()), now(), Refusal::PaymentMethodRequired),
            (
                &payer(0),
                vec![Change::Method(detached)],
                Some(()),
                now(),
                Refusal::PaymentMethodRequired,
            ),
        ] {
            let set = shop(gold(), user.clone(), more);
            let context =
                if provider.is_some() { paying(time) } else { crate::samples::context(time) };
            let found = decided_in(&set, subscribe(ALICE, "gold", None), &context);
            assert_eq!(found, refused(ALICE, refusal));
        }
        let context = Context { provider: Some(Provider::Stripe), ..paying(now()) };
        let set = shop(priced("gold", 49), payer(0), vec![]);
        // Twelve months of it could be charged, and its renewals could not.
        let found = decided_in(&set, subscribe(ALICE, "gold", Some(12)), &context);
        let refusal = Refusal::PriceTooSmall { plan: "gold".to_owned() };
        assert_eq!(found, refused(ALICE, refusal));
    }

    #[test]
    fn what_is_left_after_credit_is_waived_if_the_provider_does_not_charge_it() {
        let set = shop(gold_for_money(0), payer(460), vec![]);
        let context = Context { provider: Some(Provider::Stripe), ..paying(now()) };
        let decision = decided_in(&set, subscribe(ALICE, "gold", None), &context);
        let after = after(&set, &decision);
        let payment = payment_in(&after, PaymentId::new(NEW));
        assert_eq!((payment.amount, payment.cash, payment.credit), (500, 0, 460));
        assert_eq!(after.grants().next().unwrap().value, 460);
    }

    #[test]
    fn a_new_try_takes_the_place_of_one_that_waits_for_the_user() {
        let set = shop(gold_for_money(0), payer(30), pending_since(now() + TimeDelta::hours(1)));
        let waits = waiting_for_user(payment_in(&set, PAID));
        let set = shop(
            gold_for_money(0),
            payer(30),
            pending_since(now() + TimeDelta::hours(1))
                .into_iter()
                .chain([Change::Payment(waits)])
                .collect(),
        );
        let decision = paid_by(&set, subscribe(ALICE, "gold", None));
        let after = after(&set, &decision);
        assert_eq!(row(&after, HELD).state, SubscriptionState::Expired);
        assert_eq!(payment_in(&after, PAID).phase, PaymentPhase::Cancelled);
        let payment = payment_in(&after, PaymentId::new(NEW));
        // The 70 that were reserved for the older one are taken, too.
        assert_eq!((payment.credit, payment.cash, alice(&after).credit), (100, 400, 0));
        assert_eq!(kinds(&decision.effects), ["stop_charge", "charge"]);
    }

    #[test]
    fn one_whose_time_is_over_stands_in_no_way_whether_or_not_that_is_marked() {
        let set = shop(gold_for_money(0), payer(0), pending_since(now()));
        let decision = paid_by(&set, subscribe(ALICE, "monthly", None));
        let after = after(&set, &decision);
        assert_eq!(row(&after, HELD).state, SubscriptionState::Expired);
        assert_eq!(row(&after, SubscriptionId::new(NEW)).state, SubscriptionState::Active);
        assert!(payment_in(&after, PAID).is_in_progress(), "it is paid back if it succeeds");
    }

    #[test]
    fn a_trial_costs_nothing_and_needs_no_payment_method() {
        for (user, is_payable) in
            [(payer(0), true), (User { default_method: None, ..payer(0) }, false)]
        {
            let set = shop(gold_for_money(14), user, vec![]);
            let decision = paid_by(&set, subscribe(ALICE, "gold", Some(3)));
            let trialing = subscription_of(&decision);
            let end = at("2026-06-29T12:00:00.123456Z");
            let state = SubscriptionState::Trialing { cancelling: None };
            assert_eq!((trialing.state, trialing.months), (state, 0));
            assert_eq!((trialing.start_date, trialing.end_date), (now(), end));
            assert_eq!((trialing.anchor, trialing.trial_end), (end, Some(end)));
            assert_eq!(trialing.conversion, Some(Conversion { months: 3, is_payable }));
            let after = after(&set, &decision);
            assert!(after.has_used_trial(ALICE, "gold"));
            let grant = after.grants().next().unwrap();
            assert_eq!((&grant.source, grant.months), (&GrantSource::Trial, 0));
            assert_eq!(grant.slice, Some(crate::Slice { start: now(), end }));
            assert_eq!((transfers(&decision.changes), decision.effects.len()), (vec![], 0));
        }
    }

    #[test]
    fn a_trial_is_had_once_a_tier() {
        let used = UsedTrial { client: SHOP, user: ALICE, tier: "gold".to_owned() };
        let set = shop(gold_for_money(14), payer(500), vec![Change::Trial(used)]);
        let command = |trial| Subscribe { trial, ..subscribe(ALICE, "gold", None) };
        let refusal = Refusal::TrialNotAvailable;
        assert_eq!(paid_by(&set, command(Some(true))), refused(ALICE, refusal.clone()));
        for (trial, told) in [(None, true), (Some(false), false)] {
            let decision = paid_by(&set, command(trial));
            let Some(Success::Created(Entity::Purchase { trial_used, payment, .. })) =
                decision.outcome.success()
            else {
                panic!("{decision:?}")
            };
            assert_eq!((*trial_used, payment.is_some()), (told, true));
        }
        // A plan without a trial has none to be had.
        let set = shop(gold_for_money(0), payer(500), vec![]);
        assert_eq!(paid_by(&set, command(Some(true))), refused(ALICE, refusal));
    }

    #[test]
    fn a_trial_is_not_sold_where_no_payments_are_taken() {
        let set = shop(gold_for_money(14), payer(0), vec![]);
        let refusal = Refusal::PaymentsDisabled { plan: "gold".to_owned() };
        assert_eq!(decided(&set, subscribe(ALICE, "gold", None)), refused(ALICE, refusal));
        let free = Plan {
            terms: Terms { trial_days: 14, ..plan_of("monthly").terms },
            ..plan_of_tier("gold")
        };
        let set = shop(free, payer(0), vec![]);
        let decision = decided(&set, subscribe(ALICE, "gold", None));
        let conversion = Some(Conversion { months: 1, is_payable: true });
        assert_eq!(subscription_of(&decision).conversion, conversion);
    }
}
