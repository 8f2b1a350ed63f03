//! The rules of purchases: nobody is entitled unpaid, and nobody has paid for nothing.

use super::evidence::Rows;
use super::{Rule, Violation};
use domain::{
    ClientId, GiftState, Grant, GrantSource, Instant, Payment, PaymentId, PaymentPhase,
    Subscription, SubscriptionId,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(rows: &Rows) -> Vec<Violation> {
    let payments: BTreeMap<_, _> = rows.payments.iter().map(|p| (p.id, p)).collect();
    let mut violations = unpaid(rows, &payments);
    violations.extend(entitled(rows));
    violations.extend(for_nothing(rows));
    violations
}

/// Grants that name a payment that did not succeed, or that is for something else.
fn unpaid(rows: &Rows, payments: &BTreeMap<PaymentId, &Payment>) -> Vec<Violation> {
    let wrong = rows.grants.iter().filter_map(|grant| {
        let payment = payments.get(&grant.payment?);
        let is_paid = payment.is_some_and(|payment| {
            payment.phase == PaymentPhase::Succeeded && is_for(payment, grant)
        });
        (!is_paid).then(|| format!("{grant:?} has the payment {payment:?}"))
    });
    let mut violations: Vec<_> = wrong.map(unpaid_violation).collect();
    let unnamed = rows.grants.iter().filter(|grant| grant.value > 0 && grant.payment.is_none());
    violations.extend(unnamed.map(|grant| unpaid_violation(format!("{grant:?} has no payment"))));
    violations
}

fn unpaid_violation(detail: String) -> Violation {
    Violation::of_state(Rule::EntitledUnpaid, detail)
}

/// Whether a payment was made for what the grant belongs to: its subscription, or a gift.
fn is_for(payment: &Payment, grant: &Grant) -> bool {
    match payment.purpose.subscription() {
        Some(subscription) => subscription == grant.subscription,
        None => payment.purpose.gift().is_some(),
    }
}

/// Subscriptions that entitle at the end of the campaign, and the grant that covers that time is of
/// a plan with a price, without having been paid. What is past its end is in grace.
fn entitled(rows: &Rows) -> Vec<Violation> {
    let mut times = BTreeMap::<ClientId, Instant>::new();
    for row in &rows.log {
        let now = times.entry(row.client).or_insert(row.decided_at);
        *now = row.decided_at.max(*now);
    }
    let priced: BTreeSet<(_, &str)> = rows
        .plans
        .iter()
        .filter(|plan| plan.terms.price.amount > 0)
        .map(|plan| (plan.client, plan.code.as_str()))
        .collect();
    let mut grants = BTreeMap::<SubscriptionId, Vec<&Grant>>::new();
    for grant in &rows.grants {
        grants.entry(grant.subscription).or_default().push(grant);
    }
    let is_entitled = |s: &&Subscription| s.state.status().is_entitled();
    let wrong = rows.subscriptions.iter().filter(is_entitled).filter_map(|subscription| {
        let of = grants.get(&subscription.id).map(Vec::as_slice).unwrap_or_default();
        if of.is_empty() {
            return Some(format!("{subscription:?} entitles, and nothing was granted to it"));
        }
        let now = *times.get(&subscription.client)?;
        let covers = |grant: &&&Grant| grant.slice.is_some_and(|slice| slice.covers(now));
        let running = of.iter().find(covers)?;
        let is_sold = matches!(running.source, GrantSource::Purchase | GrantSource::Renewal)
            && running.closed_at.is_none();
        let has_price = priced.contains(&(subscription.client, subscription.plan.as_str()));
        let is_unpaid = is_sold && has_price && running.payment.is_none();
        is_unpaid.then(|| format!("{subscription:?} entitles by {running:?}, which nobody paid"))
    });
    wrong.map(unpaid_violation).collect()
}

/// Money that was taken, and that nothing was had for: no grant, no gift that was complete, and it
/// was not paid back.
fn for_nothing(rows: &Rows) -> Vec<Violation> {
    let mut bought: BTreeSet<PaymentId> = rows.grants.iter().filter_map(|g| g.payment).collect();
    let complete = rows.gifts.iter().filter(|gift| gift.state != GiftState::Incomplete);
    bought.extend(complete.filter(|gift| gift.value > 0).filter_map(|gift| gift.payment));
    let taken = rows.payments.iter().filter(|p| p.phase == PaymentPhase::Succeeded);
    let wrong = taken.filter(|payment| {
        let is_back = payment.refunded == payment.cash;
        // What credit paid alone has no cash to pay back.
        !(bought.contains(&payment.id) || is_back && payment.cash > 0)
    });
    let told = |payment: &Payment| format!("nothing was had for {payment:?}");
    wrong.map(|payment| Violation::of_state(Rule::MoneyForNothing, told(payment))).collect()
}
