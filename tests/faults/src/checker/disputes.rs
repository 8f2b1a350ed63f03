//! The rule of disputes: a payment is disputed as its bank says, and by nobody else.

use super::evidence::Evidence;
use super::{Rule, Violation};
use crate::history::{BankEvent, Exchange, Request};
use domain::{ClientId, Dispute, DisputeStatus, PaymentId};
use std::collections::BTreeMap;

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let told = told(evidence.history);
    let mut violations = Vec::new();
    for payment in &evidence.rows.payments {
        let expected = told.get(&(payment.client, payment.id)).map(|event| Dispute {
            reference: event.reference(),
            amount: event.amount.min(payment.cash),
            status: event.status,
        });
        if payment.dispute != expected {
            let (id, is) = (payment.id, &payment.dispute);
            let detail = format!("payment {id} has {is:?}, and its bank says {expected:?}");
            violations.push(Violation::of_state(Rule::DisputeDiffers, detail));
        }
    }
    violations
}

/// What banks said that was heard. The end of a dispute counts, whenever it was told.
fn told(history: &[Exchange]) -> BTreeMap<(ClientId, PaymentId), &BankEvent> {
    let mut told = BTreeMap::<_, &BankEvent>::new();
    for exchange in history {
        let Request::Bank(event) = &exchange.request else { continue };
        if exchange.reply.as_ref().is_none_or(|reply| reply.status != 200) {
            continue;
        }
        let known = told.entry((event.owner, event.payment)).or_insert(event);
        if known.status == DisputeStatus::Opened {
            *known = event;
        }
    }
    told
}
