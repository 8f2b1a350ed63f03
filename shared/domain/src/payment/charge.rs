//! Asks a user for money: what every command does alike that sells something.

use crate::decide::Decider;
use crate::{
    Change, Charge, ChargeProgress, Effect, EffectTask, Instant, MethodStatus, Money, NewIds,
    Payment, PaymentId, PaymentMethod, PaymentPhase, Provider, Purpose, Refusal, User,
};

/// What a user is asked for.
pub(crate) struct Ask<'a> {
    /// The user who pays.
    pub(crate) user: &'a User,
    /// What for.
    pub(crate) purpose: Purpose,
    /// The code of the plan and its version.
    pub(crate) plan: (&'a str, u32),
    /// The whole price. It is not 0.
    pub(crate) price: Money,
    /// Whether credit of the user is taken first.
    pub(crate) takes_credit: bool,
    /// The instant up to which what is bought waits for it.
    pub(crate) until: Instant,
}

/// What came of it.
pub(crate) struct Asked {
    /// The payment: it has succeeded if the provider has nothing to take, and else it is sent.
    pub(crate) payment: Payment,
    /// The payment and the user, as they are written.
    pub(crate) changes: Vec<Change>,
    /// The charge, if the provider has something to take.
    pub(crate) effect: Option<Effect>,
}

impl Decider<'_> {
    /// Who takes the money for a plan; a refusal if the user pays in another currency, if no
    /// payments are taken, or if the price of an interval is too small to be charged.
    pub(crate) fn provider_for(
        &self,
        user: &User,
        plan: &str,
        price: Money,
    ) -> Result<Provider, Refusal> {
        let provider = self.provider_in(user, plan, price)?;
        if price.amount < provider.amount_min(price.currency) {
            return Err(Refusal::PriceTooSmall { plan: plan.to_owned() });
        }
        Ok(provider)
    }

    fn provider_in(&self, user: &User, plan: &str, price: Money) -> Result<Provider, Refusal> {
        if let Some(currency) = user.currency.filter(|currency| *currency != price.currency) {
            return Err(Refusal::CurrencyMismatch { currency });
        }
        self.context.provider.ok_or_else(|| Refusal::PaymentsDisabled { plan: plan.to_owned() })
    }

    /// The method of the user that can be charged.
    pub(crate) fn default_method(&self, user: &User) -> Option<&PaymentMethod> {
        let method = self.working_set.method(user.client, user.default_method?)?;
        (method.status == MethodStatus::Attached).then_some(method)
    }

    /// Makes a payment. Credit that it takes is reserved. Only a difference of a change of plan may
    /// be smaller than what the provider charges: who asks for one has waived it then.
    pub(crate) fn ask(&self, ask: Ask<'_>, new_ids: &mut NewIds) -> Result<Asked, Refusal> {
        self.ask_as(new_ids.payment(), ask)
    }

    /// Makes the payment of that id.
    pub(crate) fn ask_as(&self, id: PaymentId, ask: Ask<'_>) -> Result<Asked, Refusal> {
        let Ask { user, purpose, plan: (plan, plan_version), price, takes_credit, until } = ask;
        let provider = match purpose {
            Purpose::ChangePlan { .. } => self.provider_in(user, plan, price)?,
            _ => self.provider_for(user, plan, price)?,
        };
        let credit = if takes_credit { user.credit.min(price.amount) } else { 0 };
        let rest = price.amount - credit;
        // What is less than the provider charges is waived.
        let cash = if rest < provider.amount_min(price.currency) { 0 } else { rest };
        let method = match self.default_method(user).filter(|method| method.provider == provider) {
            _ if cash == 0 => None,
            Some(method) => Some(method),
            None => return Err(Refusal::PaymentMethodRequired),
        };
        let now = self.context.now;
        let asked = Payment {
            id,
            client: user.client,
            user: user.id,
            purpose,
            plan: plan.to_owned(),
            plan_version,
            amount: price.amount,
            cash,
            credit,
            currency: price.currency,
            provider: method.map(|_| provider),
            method: method.map(|method| method.id),
            phase: PaymentPhase::Succeeded,
            refunded: 0,
            refunding: 0,
            dispute: None,
            job: self.context.job,
            created_at: now,
            expires_at: until,
            settled_at: Some(now),
        };
        let reserved = User { credit: user.credit - credit, ..user.clone() };
        let (payer, payment, effect) = match method {
            None => (reserved.paid(&asked), asked, None),
            Some(method) => {
                let is_of_client = asked.purpose.is_of_client();
                let phase = if is_of_client { PaymentPhase::Sent } else { PaymentPhase::Created };
                let payment = Payment { phase, settled_at: None, ..asked };
                let effect = charge(&payment, provider, method);
                (reserved, payment, Some(Effect::new(self.context, effect, 0)))
            }
        };
        let changed_user = (payer != *user).then_some(Change::ChangedUser(payer));
        let changes = changed_user.into_iter().chain([Change::Payment(payment.clone())]).collect();
        Ok(Asked { payment, changes, effect })
    }
}

fn charge(payment: &Payment, provider: Provider, method: &PaymentMethod) -> EffectTask {
    EffectTask::Charge(Charge {
        payment: payment.id,
        user: payment.user,
        subscription: payment.purpose.subscription(),
        gift: payment.purpose.gift(),
        provider,
        amount: payment.cash,
        currency: payment.currency,
        method: method.reference.clone(),
        customer: method.customer.clone(),
        is_on_session: payment.purpose.is_of_client(),
        progress: ChargeProgress::default(),
    })
}

impl User {
    /// This user after a payment that succeeded: it fixes the currency.
    pub(crate) fn paid(&self, payment: &Payment) -> Self {
        Self { currency: self.currency.or(Some(payment.currency)), ..self.clone() }
    }

    /// This user, with the credit back that was reserved for a payment.
    pub(crate) fn with_credit_back(&self, payment: &Payment) -> Self {
        Self { credit: self.credit + payment.credit, ..self.clone() }
    }
}

impl Payment {
    /// What is paid by it: the price without what was waived.
    #[must_use]
    pub const fn paid(&self) -> u64 {
        self.cash + self.credit
    }
}
