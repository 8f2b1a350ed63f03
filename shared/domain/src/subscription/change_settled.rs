//! What the end of a payment does to the change of plan that it was made for.

use super::exchange::Exchange;
use crate::decide::{Decider, InternalRuled, Settles};
use crate::payment::{bought, refused, still_unknown};
use crate::{
    Change, ChargeOutcome, Entity, NewIds, NextPlan, Payment, PaymentPhase, Purpose, Refusal,
    Subscription, Success,
};

/// The rules of the settlement of a change of plan. Its subscription waits for the payment, which
/// is not at its end. None if there is nothing to do.
pub(crate) fn change_settled(
    decider: &Decider<'_>,
    payment: &Payment,
    outcome: &ChargeOutcome,
    new_ids: &mut NewIds,
) -> Option<InternalRuled> {
    let live = decider.subscription(payment.purpose.subscription()?).ok()?;
    match outcome {
        ChargeOutcome::Succeeded => match made(decider, &live, payment) {
            Ok(made) => Some(made),
            Err(why) => decider.paid_but_not_made(payment, why, new_ids),
        },
        ChargeOutcome::Declined { decline } => {
            let (declined, mut changes) = decider.declined(payment, decline);
            let subscription = live.after_payment(decider.context.now);
            changes.extend(decider.with_marks(&subscription));
            Some(told(changes, subscription, payment, Err(refused(&declined, decline))))
        }
        ChargeOutcome::ActionRequired { action_url } => {
            let phase = PaymentPhase::ActionRequired { action_url: action_url.clone() };
            let waiting = payment.in_phase(phase);
            let changes = vec![Change::Payment(waiting.clone())];
            let refusal = Refusal::PaymentActionRequired { payment: Box::new(waiting) };
            Some(told(changes, live, payment, Err(refusal)))
        }
        ChargeOutcome::Unknown | ChargeOutcome::StillUnknown => {
            let shown = bought(live, Some(payment.clone()), false);
            Some(still_unknown(payment, Some(Ok(Success::Changed(shown)))))
        }
    }
}

/// The change as it was priced. A refusal if it cannot be made any more.
fn made(
    decider: &Decider<'_>,
    live: &Subscription,
    payment: &Payment,
) -> Result<InternalRuled, Refusal> {
    let Purpose::ChangePlan { change, .. } = &payment.purpose else {
        return Err(Refusal::NotAsPriced);
    };
    let paid = payment.ended(PaymentPhase::Succeeded, decider.context.now);
    let user = decider.working_set.user(payment.client, payment.user);
    let user = user.ok_or(Refusal::UserNotFound)?;
    let exchange = Exchange {
        subscription: live.clone().after_payment(decider.context.now),
        user: user.paid(payment),
        plan: NextPlan { code: payment.plan.clone(), version: payment.plan_version },
        change: change.clone(),
        currency: payment.currency,
        payment: Some(paid.clone()),
    };
    let made = exchange.made(decider).map_err(|why| match why {
        // A refund that is still under way stands in the way of another try as well.
        Refusal::NotAsPriced => decider.no_refund_in_progress(live).err().unwrap_or(why),
        why => why,
    });
    let (more, subscription) = made?;
    decider.fits(&subscription)?;
    let mut changes = vec![Change::Payment(paid.clone())];
    changes.extend(decider.payer(payment));
    changes.extend(more);
    let shown = bought(subscription.clone(), Some(paid), false);
    Ok(told(changes, subscription, payment, Ok(Success::Changed(shown))))
}

fn told(
    changes: Vec<Change>,
    subscription: Subscription,
    payment: &Payment,
    result: Result<Success, Refusal>,
) -> InternalRuled {
    let (effects, entity) = (Vec::new(), Entity::Subscription(subscription));
    let settles = Some(Settles { job: payment.job, result });
    InternalRuled { changes, effects, entity, settles }
}
