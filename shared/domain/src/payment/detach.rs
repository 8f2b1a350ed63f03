//! `detach_payment_method`: takes a payment method away.

use crate::decide::{Decider, OpenRules, Ruled};
use crate::{
    Change, ClientId, DetachedMethod, Effect, EffectTask, Entity, MethodStatus, Needs, NewIds,
    PaymentMethod, PaymentMethodId, Provider, Refusal, Success, User, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Takes a payment method away, here and at its provider. If it was the default there is none then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DetachMethod {
    /// The payment method.
    pub payment_method_id: PaymentMethodId,
}

impl OpenRules for DetachMethod {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.methods.insert((client, self.payment_method_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        Some(decider.working_set.method(decider.context.client, self.payment_method_id)?.user)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Result<Ruled, Refusal> {
        let (method, user) = decider.attached_method(self.payment_method_id)?;
        let method = PaymentMethod { status: MethodStatus::Detached, ..method.clone() };
        let mut changes = vec![Change::Method(method.clone())];
        if user.default_method == Some(method.id) {
            changes.push(Change::ChangedUser(User { default_method: None, ..user.clone() }));
            let live = decider.working_set.live(user.id, decider.context.now);
            let trialing = live.filter(|live| live.state.status().is_trialing());
            let priced = trialing.filter(|trialing| {
                let terms = decider.working_set.next_terms_of(trialing);
                terms.is_some_and(|terms| terms.price.amount > 0)
            });
            changes.extend(priced.into_iter().flat_map(|row| decider.payable(row, false)));
        }
        let effects = decider.detach_at_provider(&method).into_iter().collect();
        let success = Success::Changed(Entity::Method { method, is_default: false });
        Ok(Ruled { changes, effects, success: Some(success) })
    }
}

impl Decider<'_> {
    /// The effect that has the provider forget a method. The simulated one keeps none.
    fn detach_at_provider(&self, method: &PaymentMethod) -> Option<Effect> {
        let PaymentMethod { id, user, provider, reference, .. } = method.clone();
        let task = DetachedMethod { method: id, user, provider, reference };
        let task = EffectTask::DetachMethod(task);
        (provider != Provider::Simulated).then(|| Effect::new(self.context, task, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{ALICE, CARD, after, card, paid_by, payer, working_set};

    const DETACH: DetachMethod = DetachMethod { payment_method_id: CARD };

    #[test]
    fn a_provider_that_keeps_methods_is_told_once() {
        for (provider, is_told) in [(Provider::Simulated, false), (Provider::Stripe, true)] {
            let method = PaymentMethod { provider, ..card() };
            let set = working_set([Change::User(payer(0)), Change::Method(method)]);
            let decision = paid_by(&set, DETACH);
            let task =
                DetachedMethod { method: CARD, user: ALICE, provider, reference: card().reference };
            let told: Vec<_> = decision.effects.iter().map(|effect| effect.task.clone()).collect();
            let expected = is_told.then_some(EffectTask::DetachMethod(task));
            assert_eq!(told, Vec::from_iter(expected));
            let again = paid_by(&after(&set, &decision), DETACH);
            assert_eq!(again.effects, [], "it is not there any more");
        }
    }
}
