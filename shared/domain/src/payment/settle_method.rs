//! `settle_payment_method`: what a provider says of a payment method.

use crate::decide::{Decider, InternalRuled, OpenInternalRules, Settles};
use crate::{
    Change, ClientId, Entity, IdempotencyKey, JobId, MethodCard, MethodOutcome, MethodStatus,
    Needs, NewIds, PaymentMethod, PaymentMethodId, Refusal, Success,
};
use serde::{Deserialize, Serialize};

/// What a provider says of a payment method that was to be set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleMethod {
    /// The method.
    pub method_id: PaymentMethodId,
    /// The job that made it, and waits for it.
    pub job_id: JobId,
    /// What is known of it.
    pub outcome: MethodOutcome,
}

impl OpenInternalRules for SettleMethod {
    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::internal(format!("settle:method:{}", self.method_id))
    }

    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.methods.insert((client, self.method_id));
        needs.money = true;
        needs.new_ids.payments += 1;
        needs.new_ids.grants += 1;
    }

    fn decide(&self, decider: &Decider<'_>, new_ids: &mut NewIds) -> Option<InternalRuled> {
        let client = decider.context.client;
        let asked = decider.working_set.method(client, self.method_id)?;
        if asked.status != MethodStatus::Pending {
            return None;
        }
        let user = decider.working_set.user(client, asked.user)?;
        let (method, result) = match &self.outcome {
            MethodOutcome::Attached { reference, customer, brand, last4 } => {
                let card = MethodCard { brand: brand.clone(), last4: last4.clone() };
                let attached = PaymentMethod {
                    reference: reference.clone(),
                    customer: Some(customer.clone()),
                    status: MethodStatus::Attached,
                    card: Some(card),
                    ..asked.clone()
                };
                let is_default = user.default_method.is_none();
                let entity = Entity::Method { method: attached.clone(), is_default };
                (attached, Ok(Success::Created(entity)))
            }
            MethodOutcome::Declined { decline } => {
                let declined = PaymentMethod { status: MethodStatus::Declined, ..asked.clone() };
                let decline_code = decline.code.clone();
                (declined, Err(Refusal::PaymentMethodDeclined { decline_code }))
            }
        };
        let is_default = result.is_ok() && user.default_method.is_none();
        let (changes, effects) = if is_default {
            decider.with_default(user, &method, new_ids)
        } else {
            (vec![Change::Method(method.clone())], Vec::new())
        };
        let settles = Some(Settles { job: self.job_id, result });
        let entity = Entity::Method { method, is_default };
        Some(InternalRuled { changes, effects, entity, settles })
    }
}

#[cfg(test)]
mod tests {
    use super::SettleMethod;
    use crate::samples::*;
    use crate::{
        AddMethod, Change, Conversion, Decision, DeclineCode, DetachMethod, EffectTask, Entity,
        MethodCard, MethodOutcome, MethodStatus, Outcome, PaymentMethod, PaymentMethodId, Refusal,
        SetDefaultMethod, Subscription, SubscriptionState, Success, User, WorkingSet,
    };
    use chrono::TimeDelta;

    const ADDED: PaymentMethodId = PaymentMethodId::new(NEW);

    fn add() -> AddMethod {
        AddMethod { user_id: Some(ALICE), external_id: None, token: "sim_ok".to_owned() }
    }

    fn no_method() -> Change {
        Change::User(User { default_method: None, ..payer(0) })
    }

    fn settle(set: &WorkingSet, outcome: MethodOutcome) -> Option<Decision> {
        settled_at(set, SettleMethod { method_id: ADDED, job_id: JOB, outcome }, now())
    }

    fn attached() -> MethodOutcome {
        MethodOutcome::Attached {
            reference: "pm_2".to_owned(),
            customer: "cus_1".to_owned(),
            brand: "visa".to_owned(),
            last4: "1881".to_owned(),
        }
    }

    fn method_in(set: &WorkingSet, id: PaymentMethodId) -> &PaymentMethod {
        set.method(SHOP, id).unwrap()
    }

    #[test]
    fn a_method_is_pending_until_the_provider_has_it_and_the_first_is_the_default() {
        for (rows, customer, is_default) in [
            (vec![no_method()], None, true),
            (vec![Change::User(payer(0)), Change::Method(card())], Some("cus_1".to_owned()), false),
        ] {
            let set = working_set(rows);
            let decision = paid_by(&set, add());
            assert_eq!(decision.outcome, Outcome::Pending);
            let EffectTask::SetUpMethod(task) = &decision.effects.first().unwrap().task else {
                panic!("{decision:?}")
            };
            assert_eq!((task.token.as_str(), &task.customer), ("sim_ok", &customer));
            let set = after(&set, &decision);
            assert_eq!(method_in(&set, ADDED).status, MethodStatus::Pending);
            let decision = settle(&set, attached()).unwrap();
            let set = after(&set, &decision);
            let method = method_in(&set, ADDED);
            let card = MethodCard { brand: "visa".to_owned(), last4: "1881".to_owned() };
            assert_eq!((method.status, &method.card), (MethodStatus::Attached, &Some(card)));
            assert_eq!(alice(&set).default_method, Some(if is_default { ADDED } else { CARD }));
            let entity = Entity::Method { method: method.clone(), is_default };
            let settles = decision.settles.unwrap();
            assert_eq!((settles.job, settles.result), (JOB, Ok(Success::Created(entity))));
            assert_eq!(settle(&set, attached()), None, "it is settled once");
        }
    }

    #[test]
    fn a_method_that_is_declined_is_nobodys_default() {
        let set = working_set([no_method()]);
        let set = after(&set, &paid_by(&set, add()));
        let decline = DeclineCode { code: "expired_card".to_owned(), is_hard: true };
        let decision = settle(&set, MethodOutcome::Declined { decline }).unwrap();
        let set = after(&set, &decision);
        assert_eq!(method_in(&set, ADDED).status, MethodStatus::Declined);
        assert_eq!(alice(&set).default_method, None);
        let decline_code = "expired_card".to_owned();
        let refusal = Refusal::PaymentMethodDeclined { decline_code };
        assert_eq!(decision.settles.unwrap().result, Err(refusal));
        let default = SetDefaultMethod { payment_method_id: ADDED };
        let refusal = Refusal::PaymentMethodNotFound;
        assert_eq!(paid_by(&set, default), refused(ALICE, refusal));
    }

    #[test]
    fn where_no_payments_are_taken_there_are_no_methods() {
        let nobody = AddMethod { user_id: Some(NOBODY), ..add() };
        let found = decided(&working_set([]), nobody);
        assert_eq!(found, refused(None, Refusal::UserNotFound));
        let refusal = Refusal::PaymentMethodsDisabled;
        assert_eq!(decided(&working_set([]), add()), refused(ALICE, refusal));
    }

    /// Another card of Alice.
    fn other() -> PaymentMethod {
        PaymentMethod { id: ADDED, ..card() }
    }

    fn trialing(is_payable: bool) -> Subscription {
        let end_date = held(Holding::Running).end_date;
        Subscription {
            state: SubscriptionState::Trialing { cancelling: None },
            trial_end: Some(end_date),
            conversion: Some(Conversion { months: 1, is_payable }),
            ..held(Holding::Running)
        }
    }

    #[test]
    fn with_a_default_method_a_trial_can_be_paid_at_its_end() {
        let rows = [no_method(), Change::Method(card()), Change::Subscription(trialing(false))];
        let set = working_set(rows);
        let default = SetDefaultMethod { payment_method_id: CARD };
        let decision = paid_by(&set, default.clone());
        let set = after(&set, &decision);
        assert_eq!(alice(&set).default_method, Some(CARD));
        let expected = Subscription { updated_at: now(), ..trialing(true) };
        assert_eq!(row(&set, HELD), &expected);
        assert_eq!(paid_by(&set, default).changes, [], "it is the default already");
    }

    #[test]
    fn without_one_it_cannot_unless_it_costs_nothing() {
        for (terms, is_payable) in
            [(priced("gold", 500).terms, false), (plan_of("monthly").terms, true)]
        {
            let rows = [
                Change::User(payer(0)),
                Change::Method(card()),
                Change::Method(other()),
                Change::Subscription(trialing(true)),
            ];
            let mut set = working_set(rows);
            set.add_terms(HELD, terms);
            let detach = |id| DetachMethod { payment_method_id: id };
            let kept = after(&set, &paid_by(&set, detach(ADDED)));
            assert_eq!(alice(&kept).default_method, Some(CARD), "another one is the default");
            let set = after(&set, &paid_by(&set, detach(CARD)));
            assert_eq!(alice(&set).default_method, None);
            assert_eq!(method_in(&set, CARD).status, MethodStatus::Detached);
            assert_eq!(row(&set, HELD).conversion.unwrap().is_payable, is_payable);
            let again = paid_by(&set, detach(CARD));
            assert_eq!(again, refused(ALICE, Refusal::PaymentMethodNotFound));
        }
    }

    /// By the new method.
    #[test]
    fn a_renewal_that_has_failed_is_tried_at_once() {
        let late = held(Holding::Running).end_date + TimeDelta::days(2);
        let failed = Subscription {
            state: SubscriptionState::PastDue,
            auto_renew: true,
            attempts: 2,
            retry_at: None,
            ..held(Holding::Running)
        };
        let rows = [
            Change::User(payer(0)),
            Change::Method(card()),
            Change::Method(PaymentMethod { reference: "pm_2".to_owned(), ..other() }),
            Change::Subscription(failed),
        ];
        let mut set = working_set(rows);
        set.add_terms(HELD, priced("gold", 500).terms);
        let default = SetDefaultMethod { payment_method_id: ADDED };
        let decision = decided_in(&set, default, &paying(late));
        assert!(decision.outcome.success().is_some());
        let EffectTask::Charge(charge) = &decision.effects.first().unwrap().task else {
            panic!("{decision:?}")
        };
        assert_eq!((charge.method.as_str(), charge.amount), ("pm_2", 500));
        let set = after(&set, &decision);
        assert_eq!((row(&set, HELD).attempts, alice(&set).default_method), (3, Some(ADDED)));
        assert!(row(&set, HELD).open_payment.is_some());
    }
}
