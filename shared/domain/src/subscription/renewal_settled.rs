//! What the end of a payment does to the renewal that it was made for.

use super::attempt::not_renewed;
use crate::decide::{Decider, InternalRuled};
use crate::payment::still_unknown;
use crate::{
    Change, ChargeOutcome, DeclineCode, Entity, GrantSource, NewGrant, NewIds, NextPlan, Payment,
    PaymentPhase, Purpose, Subscription, Worth,
};

/// Why a charge is declined that the user would have to do something for, and nobody is there.
const AUTHENTICATION_REQUIRED: &str = "authentication_required";

/// The rules of the settlement of a renewal that nobody waits for. Its subscription waits for the
/// payment, which is not at its end. None if there is nothing to do.
pub(crate) fn renewal_settled(
    decider: &Decider<'_>,
    payment: &Payment,
    outcome: &ChargeOutcome,
    new_ids: &mut NewIds,
) -> Option<InternalRuled> {
    let Purpose::Renewal { subscription, months, .. } = payment.purpose else { return None };
    let live = decider.subscription(subscription).ok()?;
    match outcome {
        ChargeOutcome::Succeeded => {
            let renewed = renewed(decider, &live, payment, months, new_ids);
            renewed.or_else(|| decider.late(payment, outcome, new_ids))
        }
        ChargeOutcome::Declined { decline } => Some(declined(decider, &live, payment, decline)),
        ChargeOutcome::ActionRequired { .. } => {
            // The user is not there.
            let decline = DeclineCode { code: AUTHENTICATION_REQUIRED.to_owned(), is_hard: true };
            let ruled = declined(decider, &live, payment, &decline);
            let effects = decider.stop_charge(payment).into_iter().collect();
            Some(InternalRuled { effects, ..ruled })
        }
        ChargeOutcome::Unknown | ChargeOutcome::StillUnknown => Some(still_unknown(payment, None)),
    }
}

fn ruled(changes: Vec<Change>, subscription: Subscription) -> InternalRuled {
    let entity = Entity::Subscription(subscription);
    InternalRuled { changes, effects: Vec::new(), entity, settles: None }
}

/// It goes on from its old anchor, with what it was given meanwhile. None if it would end too late.
fn renewed(
    decider: &Decider<'_>,
    live: &Subscription,
    payment: &Payment,
    months: u32,
    new_ids: &mut NewIds,
) -> Option<InternalRuled> {
    let plan = NextPlan { code: payment.plan.clone(), version: payment.plan_version };
    let wanted = live.as_renewed(plan).without_payment();
    let (source, worth) = (GrantSource::Renewal, Some(Worth::of(payment)));
    let grant = NewGrant { id: new_ids.grant(), source, worth };
    let (mut changes, renewed) = decider.extend(&wanted, months, grant).ok()?;
    changes.extend(decider.payer(payment));
    changes.push(Change::Payment(payment.ended(PaymentPhase::Succeeded, decider.context.now)));
    changes.extend(decider.time_is_paid(payment));
    Some(ruled(changes, renewed))
}

/// It is tried again in some days, and at once by a method that has become the default one since.
/// By one that was declined for good it is not.
fn declined(
    decider: &Decider<'_>,
    live: &Subscription,
    payment: &Payment,
    decline: &DeclineCode,
) -> InternalRuled {
    let (_, mut changes) = decider.declined(payment, decline);
    let default = decider.working_set.user(live.client, live.user).and_then(|u| u.default_method);
    let retry_at = if default.is_some() && default != payment.method {
        Some(decider.context.now)
    } else if decline.is_hard {
        None
    } else {
        live.next_retry(payment.created_at)
    };
    let attempted = not_renewed(decider, live, retry_at);
    changes.extend(attempted.changes);
    ruled(changes, attempted.subscription)
}
