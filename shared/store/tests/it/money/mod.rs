//! Payments, methods, refunds, the ledger and trials: written, loaded and read.

mod ledger;
mod loaded;
mod main_path;
mod old_grants;
mod providers;
mod rows;
mod trials;

pub(crate) use main_path::main_path;

use crate::sample::{begin, day, end, local, new_subscription, new_user};
use domain::{
    Account, Change, Changes, ClientId, Currency, Grant, GrantId, GrantSource, JobId, MethodCard,
    MethodStatus, Needs, Payment, PaymentId, PaymentMethod, PaymentMethodId, PaymentPhase,
    Provider, Purpose, Refund, RefundId, RefundStatus, Slice, Subscription, SubscriptionId,
    Transfer, User, UserId, WorkingSet,
};
use store::StoreError;
use support::Database;
use uuid::Uuid;

const LOCAL: ClientId = ClientId::LOCAL;
const ANN: UserId = UserId::new(1);
const JOB: JobId = JobId::new(Uuid::from_u128(9));

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

async fn write(
    database: &Database,
    rows: impl IntoIterator<Item = Change>,
) -> Result<(), StoreError> {
    let mut changes = Changes::default();
    rows.into_iter().for_each(|change| changes.push(change));
    let (batch, ..) = begin(database, &Needs::default()).await;
    batch.commit(&changes, &[]).await
}

async fn load(database: &Database, needs: &Needs) -> WorkingSet {
    let (batch, working_set, _) = begin(database, needs).await;
    end(batch).await;
    working_set
}

fn ann() -> User {
    let (currency, default_method) = (Some(usd()), Some(PaymentMethodId::new(1)));
    User { currency, credit: 500, default_method, ..new_user(1, "ann@a.org") }
}

fn method(id: i64) -> PaymentMethod {
    PaymentMethod {
        id: PaymentMethodId::new(id),
        client: LOCAL,
        user: ANN,
        provider: Provider::Simulated,
        reference: "sim_ok".to_owned(),
        customer: Some("sim_customer".to_owned()),
        status: MethodStatus::Attached,
        card: Some(MethodCard { brand: "simulated".to_owned(), last4: "0000".to_owned() }),
        created_at: day(0),
    }
}

fn payment(id: i64, purpose: Purpose) -> Payment {
    Payment {
        id: PaymentId::new(id),
        client: LOCAL,
        user: ANN,
        purpose,
        plan: "gold".to_owned(),
        plan_version: 1,
        amount: 1500,
        cash: 1000,
        credit: 500,
        currency: usd(),
        provider: Some(Provider::Simulated),
        method: Some(PaymentMethodId::new(1)),
        phase: PaymentPhase::Sent,
        refunded: 0,
        refunding: 0,
        dispute: None,
        job: JOB,
        created_at: day(0),
        expires_at: day(1),
        settled_at: None,
    }
}

fn of_subscription(id: i64) -> Purpose {
    Purpose::Subscribe { subscription: SubscriptionId::new(id), trial_used: false }
}

fn grant(id: i64, subscription: i64, payment: Option<i64>) -> Grant {
    Grant {
        id: GrantId::new(id),
        client: LOCAL,
        subscription: SubscriptionId::new(subscription),
        source: GrantSource::Purchase,
        months: 1,
        job: JOB,
        granted_at: day(0),
        slice: Some(Slice { start: day(0), end: day(31) }),
        length: None,
        value: payment.map_or(0, |_| 1500),
        currency: payment.map(|_| usd()),
        payment: payment.map(PaymentId::new),
        to_credit: 0,
        from_grant: None,
        closed_at: None,
    }
}

fn refund(id: i64, payment: i64) -> Refund {
    Refund {
        id: RefundId::new(id),
        client: LOCAL,
        payment: PaymentId::new(payment),
        amount: 100,
        currency: usd(),
        status: RefundStatus::Pending,
        is_of_late_money: false,
        cancels: true,
        job: JOB,
        created_at: day(2),
        settled_at: None,
    }
}

fn transfer(debit: Account, credit: Account, amount: u64) -> Transfer {
    Transfer { client: LOCAL, job: JOB, debit, credit, amount, currency: usd(), at: day(0) }
}

/// Ann, who has paid by her method for subscription 5, which runs.
fn paid() -> Vec<Change> {
    let succeeded = payment(3, of_subscription(5)).ended(PaymentPhase::Succeeded, day(0));
    vec![
        Change::User(ann()),
        Change::Method(method(1)),
        Change::Subscription(Subscription {
            recognise_at: Some(day(31)),
            ..new_subscription(5, ANN)
        }),
        Change::Grant(grant(1, 5, Some(3))),
        Change::Payment(succeeded),
        Change::Transfer(transfer(Account::Cash, Account::Deferred, 1000)),
        Change::Transfer(transfer(Account::Credit(ANN), Account::Deferred, 500)),
    ]
}

fn payments(ids: impl IntoIterator<Item = i64>) -> Needs {
    let payments = local(ids.into_iter().map(PaymentId::new));
    Needs { payments, ..Needs::default() }
}

fn by_subscription(id: i64) -> Needs {
    Needs { subscriptions: local([SubscriptionId::new(id)]), ..Needs::default() }
}

async fn add_price(database: &Database, amount: u64, trial_days: u32) {
    let change = format!(
        "UPDATE plan_versions SET amount = {amount}, trial_days = {trial_days}
         WHERE client_id = 2 AND code = 'monthly'"
    );
    database.run(&change).await;
}
