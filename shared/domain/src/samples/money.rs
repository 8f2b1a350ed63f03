//! Money: priced plans, methods and payments.

use super::{ALICE, JOB, SHOP, at, now, plan, plan_of};
use crate::{
    Account, Change, Currency, Decision, Effect, EffectTask, Instant, InternalCommand, MethodCard,
    MethodStatus, Money, OpenPayment, Payment, PaymentId, PaymentMethod, PaymentMethodId,
    PaymentPhase, Plan, PlanDetails, PlanId, Provider, Purpose, SubscriptionId, Terms, User,
    WorkingSet, decide_internal,
};
use crate::{Command, Context, decide};

/// The id of the payment method that there is.
pub const CARD: PaymentMethodId = PaymentMethodId::new(40);
/// The id of the payment that there is.
pub const PAID: PaymentId = PaymentId::new(30);

/// US dollars.
#[must_use]
pub fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

/// Euros.
#[must_use]
pub fn eur() -> Currency {
    Currency::parse("EUR").unwrap()
}

/// A monthly plan of `SHOP` of that code, which is its tier, too, and costs so much.
#[must_use]
pub fn priced(code: &str, amount: u64) -> Plan {
    let free = plan_of("monthly");
    let terms = Terms { price: Money { amount, currency: usd() }, ..free.terms };
    let details = PlanDetails { tier: code.to_owned(), ..free.details };
    Plan { id: PlanId::new(8), code: plan(code), details, terms, ..free }
}

/// A method of Alice that can be charged.
#[must_use]
pub fn card() -> PaymentMethod {
    PaymentMethod {
        id: CARD,
        client: SHOP,
        user: ALICE,
        provider: Provider::Simulated,
        reference: "pm_1".to_owned(),
        customer: Some("cus_1".to_owned()),
        status: MethodStatus::Attached,
        card: Some(MethodCard { brand: "visa".to_owned(), last4: "4242".to_owned() }),
        created_at: at("2026-01-01T00:00:00Z"),
    }
}

/// Alice, who pays in dollars by her card and has so much credit.
#[must_use]
pub fn payer(credit: u64) -> User {
    let currency = (credit > 0).then(usd);
    let alice = super::user(ALICE, SHOP, "Alice@example.com");
    User { currency, credit, default_method: Some(CARD), ..alice }
}

/// A payment of Alice for a new subscription, all cash, that succeeded on 1 June.
#[must_use]
pub fn payment(id: i64, cash: u64) -> Payment {
    Payment {
        id: PaymentId::new(id),
        client: SHOP,
        user: ALICE,
        purpose: Purpose::Subscribe { subscription: super::HELD, trial_used: false },
        plan: "gold".to_owned(),
        plan_version: 1,
        amount: cash,
        cash,
        credit: 0,
        currency: usd(),
        provider: Some(Provider::Simulated),
        method: Some(CARD),
        phase: PaymentPhase::Succeeded,
        refunded: 0,
        refunding: 0,
        dispute: None,
        job: JOB,
        created_at: at("2026-06-01T00:00:00Z"),
        expires_at: at("2026-06-01T23:00:00Z"),
        settled_at: Some(at("2026-06-01T00:00:01Z")),
    }
}

/// A payment that is sent at `now()`, for that purpose.
#[must_use]
pub fn sent_payment(purpose: Purpose, cash: u64, credit: u64) -> Payment {
    Payment {
        purpose,
        amount: cash + credit,
        cash,
        credit,
        phase: PaymentPhase::Sent,
        created_at: now(),
        expires_at: now() + Payment::UNPAID_MAX,
        settled_at: None,
        ..payment(PAID.get(), cash)
    }
}

/// A payment that waits for its user.
#[must_use]
pub fn waiting_for_user(payment: &Payment) -> Payment {
    payment.in_phase(PaymentPhase::ActionRequired { action_url: "https://pay.test/1".to_owned() })
}

/// That a subscription waits for the payment `PAID` from `now()` on.
#[must_use]
pub fn open() -> Option<OpenPayment> {
    Some(OpenPayment { id: PAID, until: now() + Payment::UNPAID_MAX })
}

/// The context of a command of `SHOP` at `now`, where payments are taken.
#[must_use]
pub const fn paying(now: Instant) -> Context {
    let context = super::context(now);
    Context { provider: Some(Provider::Simulated), ..context }
}

/// The decision on a command of `SHOP` at `now()`, where payments are taken.
#[must_use]
pub fn paid_by(working_set: &WorkingSet, command: impl Into<Command>) -> Decision {
    decide(working_set, &paying(now()), &command.into(), &mut super::new_ids())
}

/// The decision on an internal command for `SHOP` at `now`, where payments are taken.
#[must_use]
pub fn settled_at(
    working_set: &WorkingSet,
    command: impl Into<InternalCommand>,
    now: Instant,
) -> Option<Decision> {
    decide_internal(working_set, &paying(now), &command.into(), &mut super::new_ids())
}

/// What was moved, in order.
#[must_use]
pub fn transfers(changes: &[Change]) -> Vec<(Account, Account, u64)> {
    let moved = changes.iter().filter_map(|change| match change {
        Change::Transfer(transfer) => Some(transfer),
        _ => None,
    });
    moved.map(|moved| (moved.debit, moved.credit, moved.amount)).collect()
}

/// The working set after a decision.
#[must_use]
pub fn after(working_set: &WorkingSet, decision: &Decision) -> WorkingSet {
    let mut after = working_set.clone();
    decision.changes.iter().for_each(|change| after.apply(change.clone()));
    after
}

/// Alice in that working set.
#[must_use]
pub fn alice(working_set: &WorkingSet) -> &User {
    working_set.user(SHOP, ALICE).unwrap()
}

/// A payment of `SHOP` in that working set.
#[must_use]
pub fn payment_in(working_set: &WorkingSet, id: PaymentId) -> &Payment {
    working_set.payment(SHOP, id).unwrap()
}

/// A subscription of `SHOP` in that working set.
#[must_use]
pub fn row(working_set: &WorkingSet, id: SubscriptionId) -> &crate::Subscription {
    working_set.subscription(SHOP, id).unwrap()
}

/// The kinds of effects.
#[must_use]
pub fn kinds(effects: &[Effect]) -> Vec<&'static str> {
    effects.iter().map(|effect| EffectTask::kind(&effect.task)).collect()
}
