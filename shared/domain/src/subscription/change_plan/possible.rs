//! What can become of a change of plan that may be made.

use crate::decide::{Decider, Ruled};
use crate::payment::bought;
use crate::subscription::exchange::Exchange;
use crate::{
    Ask, Asked, Conversion, Currency, GivenUp, Money, NewIds, NextPlan, OpenPayment, Payment,
    PaymentPhase, Plan, Purpose, Refusal, Subscription, Success, Terms, User,
};

/// A change that may be made.
pub(super) struct PossibleChange<'a> {
    pub(super) decider: &'a Decider<'a>,
    pub(super) plan: &'a Plan,
    pub(super) running: Subscription,
    pub(super) user: &'a User,
}

impl PossibleChange<'_> {
    /// The terms of the plan that it has.
    fn terms(&self) -> Option<&Terms> {
        self.decider.working_set.terms_of(&self.running)
    }

    /// The currencies in which the user pays and has paid, and that of the new plan. The currency
    /// of what costs nothing fixes nothing.
    fn currencies(&self) -> Vec<Currency> {
        let new = self.plan.terms.price;
        let of_new = Some(new.currency).filter(|_| new.amount > 0);
        let paid = self.user.currency.into_iter();
        paid.chain(self.decider.currencies_of(&self.running)).chain(of_new).collect()
    }

    /// A refusal if the user does not pay in the currency of the plan, or nothing is sold.
    fn is_sold(&self) -> Result<(), Refusal> {
        let price = self.plan.terms.price;
        let mut in_use = self.currencies().into_iter();
        if let Some(currency) = in_use.next()
            && in_use.any(|other| other != currency)
        {
            return Err(Refusal::CurrencyMismatch { currency });
        }
        let plan = self.plan.code.as_str().to_owned();
        match self.decider.context.provider {
            _ if price.amount == 0 => Ok(()),
            None => Err(Refusal::PaymentsDisabled { plan }),
            Some(by) if price.amount < by.amount_min(price.currency) => {
                Err(Refusal::PriceTooSmall { plan })
            }
            Some(_) => Ok(()),
        }
    }

    /// Whether the plan costs more for a month.
    pub(super) fn is_dearer(&self) -> bool {
        let (new, old) = (&self.plan.terms, self.terms());
        let old = old.map_or((0, 1), |old| (old.price.amount, old.interval.months()));
        let [old_year, new_year] = [old, (new.price.amount, new.interval.months())]
            .map(|(amount, months)| u128::from(amount) * 12 / u128::from(months));
        old_year < new_year
    }

    /// The subscription is to be that, and nothing is to be paid now. A payment that waits for the
    /// user is given up if it is for another change, or for time of a plan that goes.
    fn done(&self, after: Subscription) -> Ruled {
        let open = self.decider.open_payment(&self.running);
        let is_outdated = open.is_some_and(|payment| {
            let is_of_change = matches!(payment.purpose, Purpose::ChangePlan { .. });
            let paid_for = (&payment.plan, payment.plan_version);
            is_of_change || paid_for != (&after.plan, after.plan_version)
        });
        let (closed, after) = if is_outdated {
            (self.decider.close_payment_of(&self.running), after.without_payment())
        } else {
            (GivenUp::default(), after)
        };
        let updated_at = self.decider.context.now;
        let (changes, success) = self.decider.changed(Subscription { updated_at, ..after });
        let changes = closed.changes.into_iter().chain(changes).collect();
        let effects = closed.effect.into_iter().collect();
        Ruled { changes, effects, success: Some(success) }
    }

    /// A change that waits is taken back.
    pub(super) fn keeps_its_plan(&self) -> Ruled {
        let terms = self.terms().unwrap_or(&self.plan.terms);
        let (next_plan, grace_days) = (None, terms.grace_days);
        let conversion = self.decider.conversion_of(&self.running, terms);
        self.done(Subscription { next_plan, grace_days, conversion, ..self.running.clone() })
    }

    /// The change is made by the renewal, at the price of the new plan.
    pub(super) fn at_end(&self) -> Result<Ruled, Refusal> {
        self.is_sold()?;
        let (next_plan, grace_days) = (Some(self.plan.as_next()), self.plan.terms.grace_days);
        let conversion = self.decider.conversion_of(&self.running, &self.plan.terms);
        Ok(self.done(Subscription { next_plan, grace_days, conversion, ..self.running.clone() }))
    }

    /// A trial becomes one of the other plan: it ends when it would have, and nothing is paid, nor
    /// for months that are behind it already.
    pub(super) fn swapped(&self) -> Result<Ruled, Refusal> {
        self.is_sold()?;
        let new = &self.plan.terms;
        let is_payable = new.price.amount == 0 || self.user.default_method.is_some();
        let conversion = self.decider.conversion_of(&self.running, new);
        let conversion = conversion.map(|first| Conversion { is_payable, ..first });
        let swapped = self.running.with_plan(self.plan.as_next(), new.grace_days);
        Ok(self.done(Subscription { conversion, ..swapped }))
    }

    /// The rest of what is paid is exchanged for the rest of the new plan, or for a first interval
    /// of it. Credit is spent first; what is less than the provider charges is waived.
    pub(super) fn at_once(&self, new_ids: &mut NewIds) -> Result<Ruled, Refusal> {
        let Self { decider, plan, ref running, user } = *self;
        let price = plan.terms.price;
        let change = decider.priced(running, (self.terms(), &plan.terms), new_ids);
        decider.fits(&running.with_period(&change, decider.free_months(running, &change))?)?;
        self.is_sold()?;
        let closed = decider.close_payment_of(running);
        let payer = closed.user.unwrap_or_else(|| user.clone());
        let cash = change.owed().saturating_sub(payer.credit);
        let least = decider.context.provider.map_or(0, |by| by.amount_min(price.currency));
        let change = change.without(if cash < least { cash } else { 0 });
        let (mut changes, mut effects) = (closed.changes, Vec::from_iter(closed.effect));
        let mut exchange = Exchange {
            subscription: running.clone().without_payment(),
            user: payer,
            plan: plan.as_next(),
            change,
            // All are the same here: see `is_sold`.
            currency: self.currencies().first().copied().unwrap_or(price.currency),
            payment: None,
        };
        if exchange.change.owed() > 0 {
            let asked = self.ask(&exchange, new_ids)?;
            changes.extend(asked.changes);
            effects.extend(asked.effect);
            if asked.payment.phase != PaymentPhase::Succeeded {
                let open_payment =
                    Some(OpenPayment { id: asked.payment.id, until: asked.payment.expires_at });
                let (waiting, updated_at) = (exchange.subscription, decider.context.now);
                let waiting = Subscription { open_payment, updated_at, ..waiting };
                changes.extend(decider.with_marks(&waiting));
                return Ok(Ruled { changes, effects, success: None });
            }
            exchange.payment = Some(asked.payment);
        }
        let (more, subscription) = exchange.made(decider)?;
        changes.extend(more);
        let entity = bought(subscription, exchange.payment, false);
        Ok(Ruled { changes, effects, success: Some(Success::Changed(entity)) })
    }

    fn ask(&self, exchange: &Exchange, new_ids: &mut NewIds) -> Result<Asked, Refusal> {
        let Exchange { change, user, .. } = exchange;
        let ask = Ask {
            user,
            purpose: Purpose::ChangePlan { subscription: self.running.id, change: change.clone() },
            plan: self.plan.named(),
            price: Money { amount: change.owed(), ..self.plan.terms.price },
            takes_credit: true,
            until: self.decider.context.now + Payment::UNPAID_MAX,
        };
        self.decider.ask(ask, new_ids)
    }
}

impl Plan {
    /// Its code and version, as subscriptions name it.
    pub(super) fn named(&self) -> (&str, u32) {
        (self.code.as_str(), self.version)
    }

    /// It, as the plan of a renewal.
    fn as_next(&self) -> NextPlan {
        NextPlan { code: self.code.as_str().to_owned(), version: self.version }
    }
}

impl Subscription {
    /// Whether it has that version of that plan.
    pub(super) fn has(&self, plan: &Plan) -> bool {
        plan.named() == (self.plan.as_str(), self.plan_version)
    }
}
