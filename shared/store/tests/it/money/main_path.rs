//! What the main path of the store does with money.

use super::providers::{inbox, provider};
use super::{LOCAL, grant, load, method, of_subscription, payment, refund, transfer, usd, write};
use crate::sample::{begin, end, local, new_subscription};
use domain::{
    Account, Change, Changes, GrantId, Needs, NewIdCounts, Payment, PaymentId, PaymentMethod,
    PaymentMethodId, PaymentStatus, PlanCode, RefundId, Subscription, SubscriptionId, UsedTrial,
    User, UserId,
};
use std::time::Duration;
use store::reads::{self, PageOfMethods, PageOfPayments};
use store::{Batch, locked};
use support::{Database, eventually_true};

/// What the main path of the store does with money.
pub(crate) async fn main_path(database: &Database) {
    let user = UserId::new(
        database
            .value(
                "INSERT INTO users (client_id, email, created_at)
                 VALUES (2, 'payer@a.org', now()) RETURNING id",
            )
            .await,
    );
    let needs = Needs {
        new_ids: NewIdCounts {
            subscriptions: 1,
            grants: 1,
            payments: 1,
            methods: 1,
            refunds: 1,
            ..NewIdCounts::default()
        },
        users: local([user]),
        plans: local([PlanCode::parse("monthly").unwrap()]),
        money: true,
        trials: true,
        ..Needs::default()
    };
    Batch::peek(database.store(), &needs).await.unwrap();
    let (batch, working_set, _) = begin(database, &needs).await;
    let payer = working_set.user(LOCAL, user).unwrap();
    let id = SubscriptionId::new(9000);
    let rows = [
        Change::ChangedUser(User { currency: Some(usd()), ..payer.clone() }),
        Change::Method(PaymentMethod { user, ..method(1) }),
        Change::Subscription(Subscription { id, user, ..new_subscription(9000, user) }),
        Change::Grant(grant(9000, 9000, Some(3))),
        Change::Payment(Payment { user, ..payment(3, of_subscription(9000)) }),
        Change::Refund(refund(4, 3)),
        Change::Transfer(transfer(Account::Cash, Account::Deferred, 1000)),
        Change::Trial(UsedTrial { client: LOCAL, user, tier: "gold".to_owned() }),
    ];
    let mut changes = Changes::default();
    for row in rows {
        changes.push(row);
    }
    batch.commit(&changes, &[]).await.unwrap();

    let needs = Needs {
        refunds: local([RefundId::new(4)]),
        methods: local([PaymentMethodId::new(1)]),
        grants_of: local([id]),
        trials: true,
        ..needs
    };
    let working_set = load(database, &needs).await;
    assert!(working_set.refund(LOCAL, RefundId::new(4)).is_some());
    assert!(working_set.grant(GrantId::new(9000)).is_some());
    locked::among(database.store(), &needs).await.unwrap();
    let (batch, ..) = Batch::begin_skip_locked(database.store(), &needs).await.unwrap();
    end(batch).await;
    write(database, [Change::Grant(grant(9000, 9000, Some(3)))]).await.unwrap();
    look_up(database, user).await;
    // Transactions of other tests may hold it up.
    let closes = async || Ok(store::closings::close(database.store(), LOCAL).await? > 0);
    eventually_true("the ledger is closed", Duration::from_mins(1), closes).await.unwrap();
    inbox(database).await;
    provider(database).await;
}

/// Reads what the main path has written of the money of that user.
async fn look_up(database: &Database, user: UserId) {
    let store = database.store();
    let page = PageOfPayments { client: LOCAL, user: None, status: None, before: None, limit: 10 };
    for asked in [
        page,
        PageOfPayments { user: Some(user), ..page },
        PageOfPayments { status: Some(PaymentStatus::Processing), ..page },
    ] {
        assert_eq!(reads::payments(store, &asked).await.unwrap().payments.len(), 1);
    }
    let id = PaymentId::new(3);
    assert!(reads::payment(store, LOCAL, id).await.unwrap().is_some());
    assert_eq!(reads::payments_of_ids(store, LOCAL, &[id]).await.unwrap().len(), 1);
    let of = SubscriptionId::new(9000);
    assert!(reads::payment_of_subscription(store, LOCAL, of).await.unwrap().is_some());
    let methods = PageOfMethods { client: LOCAL, user, before: None, limit: 10 };
    assert_eq!(reads::payment_methods(store, &methods).await.unwrap().methods.len(), 1);
    assert_eq!(reads::ledger_balances(store, LOCAL, None).await.unwrap().0.len(), 2);
    reads::ledger_transfers(store, LOCAL, None, 10).await.unwrap();
    reads::entitlement(store, LOCAL, user).await.unwrap();
}
