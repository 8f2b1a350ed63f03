//! Changes of plan: gold costs 30 dollars a month, and half of June is over.

mod at_once;
mod settled;
mod when;

use super::{ChangePlan, ChangeTime};
use crate::samples::*;
use crate::{
    Change, ChargeOutcome, Decision, Grant, GrantId, GrantSource, Instant, Interval, Payment,
    PaymentId, Plan, PlanId, SettlePayment, Slice, Subscription, Terms, WorkingSet,
};
use chrono::TimeDelta;

const GRANT: i64 = 50;

/// Half of June, which has 30 days, is over.
fn half() -> Instant {
    at("2026-06-16T00:00:00Z")
}

fn june() -> Slice {
    Slice { start: at("2026-06-01T00:00:00Z"), end: at("2026-07-01T00:00:00Z") }
}

fn july() -> Slice {
    Slice { start: at("2026-07-01T00:00:00Z"), end: at("2026-08-01T00:00:00Z") }
}

/// Gold of that slice, paid with so much.
fn bought(id: i64, slice: Slice, value: u64) -> Grant {
    let id = GrantId::new(GRANT + id);
    let payment = (value > 0).then_some(PAID);
    let currency = (value > 0).then(usd);
    Grant { id, value, currency, payment, ..grant(HELD, GrantSource::Purchase, 1, slice) }
}

fn goodwill(id: i64, slice: Slice) -> Grant {
    let source = GrantSource::Goodwill { reason: "an outage".to_owned() };
    Grant { source, payment: None, ..bought(id, slice, 0) }
}

/// Gold since 1 June, with these grants of a month each.
fn gold(grants: &[Grant]) -> Subscription {
    let months = u32::try_from(grants.len()).unwrap();
    let end_date = grants.last().and_then(|grant| grant.slice).unwrap().end;
    Subscription {
        plan: "gold".to_owned(),
        start_date: june().start,
        anchor: june().start,
        anchor_months: months,
        months,
        end_date,
        recognise_at: grants.iter().find(|grant| grant.value > 0).map(|g| g.slice.unwrap().end),
        ..held(Holding::Running)
    }
}

fn sold(id: i64, code: &str, amount: u64, interval: Interval) -> Plan {
    let plan = priced(code, amount);
    let terms = Terms { interval, ..plan.terms };
    Plan { id: PlanId::new(id), terms, ..plan }
}

/// Gold costs 30 a month, platinum 60, bronze 10, and a year of gold 300.
fn rows(subscription: &Subscription, grants: &[Grant], credit: u64) -> WorkingSet {
    let plans = [
        sold(20, "gold", 3_000, Interval::Month),
        sold(21, "platinum", 6_000, Interval::Month),
        sold(22, "bronze", 1_000, Interval::Month),
        sold(23, "gold-year", 30_000, Interval::Year),
    ];
    let user = crate::User { currency: Some(usd()), ..payer(credit) };
    let rows = [
        Change::ChangedUser(user),
        Change::Method(card()),
        Change::Payment(payment(PAID.get(), 3_000)),
        Change::Subscription(subscription.clone()),
    ];
    let grants = grants.iter().cloned().map(Change::Grant);
    working_set(plans.map(Change::Plan).into_iter().chain(rows).chain(grants))
}

fn one_month() -> [Grant; 1] {
    [bought(0, june(), 3_000)]
}

fn june_of_gold(credit: u64) -> WorkingSet {
    rows(&gold(&one_month()), &one_month(), credit)
}

fn change(code: &str, when: ChangeTime) -> ChangePlan {
    ChangePlan { subscription_id: HELD, plan: plan(code), when }
}

fn changed(rows: &WorkingSet, code: &str, when: ChangeTime) -> Decision {
    decided_in(rows, change(code, when), &paying(half()))
}

fn asked(decision: &Decision) -> &Payment {
    let asked = decision.changes.iter().find_map(|change| match change {
        Change::Payment(payment) if payment.id != PAID => Some(payment),
        _ => None,
    });
    asked.unwrap()
}

fn settle(rows: &WorkingSet, outcome: ChargeOutcome, now: Instant) -> Decision {
    let payment_id = PaymentId::new(NEW);
    settled_at(rows, SettlePayment { payment_id, outcome }, now).unwrap()
}

fn paid(rows: &WorkingSet) -> Decision {
    settle(rows, ChargeOutcome::Succeeded, half() + TimeDelta::minutes(1))
}

/// Months, time, value and state of each grant.
fn grants(rows: &WorkingSet) -> Vec<(u32, Slice, u64, bool)> {
    let grants = rows.grants_of(HELD);
    grants.map(|g| (g.months, g.slice.unwrap(), g.value, g.closed_at.is_some())).collect()
}

fn slice(start: Instant, end: Instant) -> Slice {
    Slice { start, end }
}
