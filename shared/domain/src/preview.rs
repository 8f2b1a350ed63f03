//! The outcome that a command would have now.

use crate::{
    Account, Advanced, Change, ChargeOutcome, Command, Context, Currency, Decision, EffectTask,
    Entity, InternalCommand, NewIds, Outcome, Payment, RefundOutcome, Refusal, SettlePayment,
    SettleRefund, Success, WorkingSet, decide, decide_internal,
};

/// The outcome that a command would have now. Nothing is written, and nobody is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The success or the refusal. What is to be paid is taken for paid.
    pub outcome: Result<Success, Refusal>,
    /// What would be charged, if anything would.
    pub charge: Option<ChargePreview>,
    /// What would go to the credit of the user, in the smallest unit.
    pub to_credit: u64,
}

/// What would be charged, in the smallest unit of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargePreview {
    /// The price: cash and credit, and what is too little to be charged.
    pub amount: u64,
    /// The part that the provider would take.
    pub cash: u64,
    /// The part that would be taken from the credit of the user.
    pub credit: u64,
    /// The currency.
    pub currency: Currency,
}

/// Decides `command` as it would be decided now, and what it begins as if that succeeded. The rows
/// are those that the command needs. `new_ids` must have the ids of the command, and as many more
/// grants as its subscription has that are not closed, one more, and a refund; their values do not
/// matter.
#[must_use]
pub fn preview(
    working_set: &WorkingSet,
    context: &Context,
    command: &Command,
    new_ids: &mut NewIds,
) -> Preview {
    let decision = decide(working_set, context, command, new_ids);
    let charge = decision.changes.iter().find_map(|change| match change {
        // A payment of another job is one that this one takes the place of.
        Change::Payment(payment) if payment.job == context.job => Some(ChargePreview::of(payment)),
        _ => None,
    });
    let mut changes = decision.changes.clone();
    let outcome = match &decision.outcome {
        Outcome::Done(outcome) => outcome.clone(),
        Outcome::Pending => {
            let settled = settled(working_set, context, &decision, new_ids);
            let at_once = || Ok(begun(working_set, context, &decision));
            match settled {
                Some(settled) => {
                    changes.extend(settled.changes);
                    settled.settles.map_or_else(at_once, |settles| settles.result)
                }
                None => at_once(),
            }
        }
    };
    Preview { outcome, charge, to_credit: to_credit(&changes) }
}

/// What comes of that which the command begins outside, if it succeeds.
fn settled(
    working_set: &WorkingSet,
    context: &Context,
    decision: &Decision,
    new_ids: &mut NewIds,
) -> Option<Decision> {
    let settlement: InternalCommand =
        decision.effects.iter().find_map(|effect| match &effect.task {
            EffectTask::Charge(charge) => {
                let outcome = ChargeOutcome::Succeeded;
                Some(SettlePayment { payment_id: charge.payment, outcome }.into())
            }
            EffectTask::PayBack(back) => {
                let (refund_id, payment_id) = (back.refund, back.payment);
                let outcome = RefundOutcome::Succeeded;
                Some(SettleRefund { refund_id, payment_id, outcome }.into())
            }
            EffectTask::Clock(_)
            | EffectTask::SetUpMethod(_)
            | EffectTask::StopCharge(_)
            | EffectTask::DetachMethod(_) => None,
        })?;
    let mut after = working_set.clone();
    decision.changes.iter().cloned().for_each(|change| after.apply(change));
    decide_internal(&after, context, &settlement, new_ids)
}

/// What is shown of that which nobody can foretell: the rows as they begin.
fn begun(working_set: &WorkingSet, context: &Context, decision: &Decision) -> Success {
    let made = decision.changes.iter().find_map(|change| match change {
        Change::Method(method) => {
            let user = working_set.user(context.client, method.user);
            let is_default = user.is_some_and(|user| user.default_method.is_none());
            Some(Success::Created(Entity::Method { method: method.clone(), is_default }))
        }
        Change::Refund(refund) => Some(Success::Created(Entity::Refund(refund.clone()))),
        Change::Subscription(row) => Some(Success::Changed(Entity::Subscription(row.clone()))),
        Change::Gift(gift) => Some(Success::Created(Entity::Gift(gift.clone()))),
        _ => None,
    });
    made.unwrap_or_else(|| {
        let Context { client, now, .. } = *context;
        let advanced = Advanced { client, now, steps: 0, stopped_by: None };
        Success::Changed(Entity::Clock(advanced))
    })
}

/// What a user has more to his credit, by a change of plan.
fn to_credit(changes: &[Change]) -> u64 {
    let amounts = changes.iter().map(|change| match change {
        Change::Transfer(moved) if matches!(moved.credit, Account::Credit(_)) => moved.amount,
        _ => 0,
    });
    amounts.sum()
}

impl ChargePreview {
    const fn of(payment: &Payment) -> Self {
        let Payment { amount, cash, credit, currency, .. } = *payment;
        Self { amount, cash, credit, currency }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChargePreview, Preview, preview};
    use crate::samples::*;
    use crate::{
        Cancel, Change, ChangePlan, ChangeTime, Command, Grant, GrantSource, Refusal, Renew, Slice,
        Subscription, SubscriptionStatus, Success, WorkingSet,
    };

    /// Alice has gold for 30 dollars, of which half is over in the middle of June.
    fn rows() -> WorkingSet {
        let (start, end) = (at("2026-06-01T00:00:00Z"), at("2026-07-01T00:00:00Z"));
        let gold = Subscription {
            plan: "gold".to_owned(),
            start_date: start,
            anchor: start,
            anchor_months: 1,
            months: 1,
            end_date: end,
            ..held(Holding::Running)
        };
        let bought = grant(HELD, GrantSource::Purchase, 1, Slice { start, end });
        let bought = Grant {
            id: crate::GrantId::new(50),
            value: 3_000,
            currency: Some(usd()),
            payment: Some(PAID),
            ..bought
        };
        let platinum = crate::Plan { id: crate::PlanId::new(9), ..priced("platinum", 6_000) };
        let bronze = crate::Plan { id: crate::PlanId::new(10), ..priced("bronze", 1_000) };
        working_set([
            Change::Plan(priced("gold", 3_000)),
            Change::Plan(platinum),
            Change::Plan(bronze),
            Change::ChangedUser(payer(400)),
            Change::Method(card()),
            Change::Payment(payment(PAID.get(), 3_000)),
            Change::Subscription(gold),
            Change::Grant(bought),
        ])
    }

    fn seen(command: impl Into<Command>) -> Preview {
        let half = at("2026-06-16T00:00:00Z");
        let mut paying = paying(half);
        paying.job = crate::JobId::new(uuid::Uuid::from_u128(8));
        preview(&rows(), &paying, &command.into(), &mut new_ids())
    }

    #[test]
    fn a_payment_is_taken_for_paid_and_told() {
        let found = seen(ChangePlan {
            subscription_id: HELD,
            plan: plan("platinum"),
            when: ChangeTime::Auto,
        });
        let charge = ChargePreview { amount: 1_500, cash: 1_100, credit: 400, currency: usd() };
        assert_eq!((found.charge, found.to_credit), (Some(charge), 0));
        let Ok(Success::Changed(crate::Entity::Purchase { subscription, .. })) = found.outcome
        else {
            panic!("{found:?}")
        };
        assert_eq!(subscription.plan, "platinum");

        let found = seen(Renew { subscription_id: HELD, duration_months: Some(2) });
        assert_eq!(found.charge.map(|charge| charge.amount), Some(6_000));
        assert!(found.outcome.is_ok());
    }

    #[test]
    fn what_goes_to_credit_is_told() {
        let (plan, when) = (plan("bronze"), ChangeTime::Now);
        let found = seen(ChangePlan { subscription_id: HELD, plan, when });
        assert_eq!((found.charge, found.to_credit), (None, 1_000));
        assert!(found.outcome.is_ok());
    }

    #[test]
    fn a_refund_and_a_method_are_shown_as_if_all_went_well() {
        let refund = crate::RefundPayment { payment_id: PAID, amount: Some(500), cancel: false };
        let found = seen(refund);
        let Ok(Success::Created(crate::Entity::Refund(refund))) = found.outcome else {
            panic!("{found:?}")
        };
        assert_eq!(refund.status, crate::RefundStatus::Succeeded);
        let token = "sim_ok".to_owned();
        let found = seen(crate::AddMethod { user_id: Some(ALICE), external_id: None, token });
        assert!(matches!(found.outcome, Ok(Success::Created(crate::Entity::Method { .. }))));
    }

    #[test]
    fn what_needs_no_money_is_as_it_would_be() {
        let cancelled = seen(Cancel { subscription_id: HELD, at_period_end: false });
        let Ok(Success::Changed(crate::Entity::Subscription(row))) = cancelled.outcome else {
            panic!("{cancelled:?}")
        };
        assert_eq!(row.state.status(), SubscriptionStatus::Cancelled);
        let found = seen(subscribe(ALICE, "gold", None));
        assert!(matches!(found.outcome, Err(Refusal::AlreadySubscribed { .. })));
        assert_eq!((found.charge, found.to_credit), (None, 0));
    }
}
