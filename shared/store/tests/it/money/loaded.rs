//! What comes with what a command names, and what is locked for it.

use super::{
    ANN, LOCAL, add_price, ann, by_subscription, grant, load, method, of_subscription, paid,
    payment, payments, write,
};
use crate::sample::{day, end, local, new_gift, new_subscription, new_user};
use domain::{
    Change, Grant, GrantId, GrantSource, Needs, NewIdCounts, OpenPayment, PaymentId,
    PaymentMethodId, PaymentPhase, PlanCode, Purpose, Subscription, SubscriptionId,
    SubscriptionState,
};
use store::{Batch, StoreError, locked};
use support::Database;

#[tokio::test]
async fn a_payment_comes_with_all_that_it_is_for() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    // A gift of Ann, which became time of Bea.
    let bea = new_user(2, "bea@a.org");
    let gift = new_gift(7, ANN).redeemed(bea.id, day(2));
    let of_gift =
        payment(8, Purpose::Gift { gift: gift.id }).ended(PaymentPhase::Succeeded, day(0));
    let closed = Grant { closed_at: Some(day(3)), ..grant(20, 6, None) };
    let rows = [
        Change::Subscription(new_subscription(6, bea.id)),
        Change::Grant(closed.clone()),
        Change::Grant(Grant { source: GrantSource::Gift(gift.id), ..grant(21, 6, Some(8)) }),
        Change::User(bea.clone()),
        Change::Gift(gift.clone()),
        Change::Payment(of_gift.clone()),
    ];
    write(&database, rows).await.unwrap();

    let working_set = load(&database, &payments([3, 8])).await;
    for user in [ANN, bea.id] {
        assert!(working_set.user(LOCAL, user).is_some());
    }
    for id in [5, 6].map(SubscriptionId::new) {
        assert!(working_set.subscription(LOCAL, id).is_some(), "{id}");
    }
    assert_eq!(working_set.gift(LOCAL, gift.id), Some(&gift));
    let ids: Vec<i64> = working_set.grants().map(|grant| grant.id.get()).collect();
    assert_eq!(ids, [1, 20, 21], "those that are closed, too");
    assert_eq!(working_set.payment(LOCAL, of_gift.id), Some(&of_gift));
    assert!(working_set.method(LOCAL, PaymentMethodId::new(1)).is_some());

    // Of a subscription that is only named, those that are not closed.
    let needs = Needs { grants_of: local([SubscriptionId::new(6)]), ..by_subscription(6) };
    let working_set = load(&database, &needs).await;
    let ids: Vec<i64> = working_set.grants().map(|grant| grant.id.get()).collect();
    assert_eq!(ids, [21]);
    assert_eq!(working_set.payment(LOCAL, of_gift.id), Some(&of_gift), "it has paid for a grant");

    let needs = Needs {
        new_ids: NewIdCounts {
            grants_of: local([SubscriptionId::new(6)]),
            ..NewIdCounts::default()
        },
        ..by_subscription(6)
    };
    let drawn = "SELECT pg_sequence_last_value('grants_id_seq')";
    let before: Option<i64> = database.value(drawn).await;
    load(&database, &needs).await;
    let after: Option<i64> = database.value(drawn).await;
    assert_eq!(after.unwrap_or(0) - before.unwrap_or(0), 1, "as many as are not closed");
}

/// Of a gift in that state that became time of subscription 6: which subscription comes with it.
async fn redeemed_into(is_redeemed: bool) -> Option<SubscriptionId> {
    let database = Database::create().await;
    let pending = new_gift(7, ANN);
    let redeemed = pending.clone().redeemed(ANN, day(2));
    let gift = if is_redeemed { redeemed } else { pending };
    let rows = [
        Change::User(ann()),
        Change::Gift(gift.clone()),
        Change::Subscription(new_subscription(6, ANN)),
        Change::Grant(Grant { source: GrantSource::Gift(gift.id), ..grant(21, 6, None) }),
    ];
    write(&database, rows).await.unwrap();
    let needs = Needs { gifts: local([gift.id]), ..Needs::default() };
    let working_set = load(&database, &needs).await;
    assert_eq!(working_set.grants().count(), 0, "nothing else comes with it");
    working_set.redeemed_into(gift.id)
}

#[tokio::test]
async fn a_redeemed_gift_comes_with_the_subscription_that_it_became_part_of() {
    assert_eq!(redeemed_into(true).await, Some(SubscriptionId::new(6)));
    assert_eq!(redeemed_into(false).await, None);
}

#[tokio::test]
async fn the_default_method_is_loaded_where_a_plan_has_a_price_and_not_else() {
    let database = Database::create().await;
    write(&database, [Change::User(ann()), Change::Method(method(1))]).await.unwrap();
    let needs = Needs {
        users: local([ANN]),
        plans: local([PlanCode::parse("monthly").unwrap()]),
        money: true,
        ..Needs::default()
    };
    for (price, is_loaded) in [(0, false), (1500, true)] {
        add_price(&database, price, 0).await;
        let working_set = load(&database, &needs).await;
        let found = working_set.method(LOCAL, PaymentMethodId::new(1)).is_some();
        assert_eq!(found, is_loaded, "{price}");
    }
}

#[tokio::test]
async fn what_a_user_is_not_paid_for_comes_with_the_user_and_ends_as_another_begins() {
    let database = Database::create().await;
    let pending = |id, payment| Subscription {
        state: SubscriptionState::Pending,
        months: 1,
        end_date: day(0),
        anchor_months: 0,
        open_payment: Some(OpenPayment { id: PaymentId::new(payment), until: day(1) }),
        ..new_subscription(id, ANN)
    };
    let action_url = "/act".to_owned();
    let acted =
        payment(3, of_subscription(5)).in_phase(PaymentPhase::ActionRequired { action_url });
    let rows = [
        Change::User(ann()),
        Change::Method(method(1)),
        Change::Subscription(pending(5, 3)),
        Change::Payment(acted.clone()),
    ];
    write(&database, rows).await.unwrap();
    let needs = Needs { users: local([ANN]), ..Needs::default() };
    let working_set = load(&database, &needs).await;
    assert_eq!(working_set.pending(ANN), Some(&pending(5, 3)));
    assert_eq!(working_set.payment(LOCAL, acted.id), Some(&acted));

    let rows = [
        Change::Subscription(pending(6, 4)),
        Change::Payment(payment(4, of_subscription(6))),
        Change::Subscription(Subscription {
            state: SubscriptionState::Expired,
            open_payment: None,
            ..pending(5, 3)
        }),
        Change::Payment(acted.ended(PaymentPhase::Cancelled, day(0))),
    ];
    write(&database, rows).await.unwrap();
    assert_eq!(load(&database, &needs).await.pending(ANN), Some(&pending(6, 4)));
    let second = write(&database, [Change::Subscription(pending(7, 4))]).await.unwrap_err();
    assert!(matches!(second, StoreError::Conflict(_)), "{second:?}");

    // Releases before do not ask for it.
    let before = "SELECT (load_batch('{\"users\": [{\"client_id\": 2, \"id\": 1}]}')
                          ->> 'subscriptions') IS NULL";
    assert!(database.value::<bool>(before).await);
}

#[tokio::test]
async fn due_work_locks_users_before_their_subscriptions_and_waits_for_nobody() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    let id = SubscriptionId::new(5);
    let needs = Needs { owners_of: local([id]), ..payments([3]) };
    let skip = async || Batch::begin_skip_locked(database.store(), &needs).await.unwrap();
    let (batch, working_set, _) = skip().await;
    assert!(working_set.has_all(&needs));
    assert!(working_set.grant(GrantId::new(1)).is_some());
    // All of it is locked until its end.
    let locked = locked::among(database.store(), &needs).await.unwrap();
    assert_eq!(locked.payments, needs.payments);
    end(batch).await;
    let locked = locked::among(database.store(), &needs).await.unwrap();
    assert!(locked.payments.is_empty());

    for lock in ["users", "subscriptions"] {
        let lock = format!("SELECT id FROM {lock} FOR NO KEY UPDATE");
        let holder = database.begun(&lock).await;
        let (batch, working_set, _) = skip().await;
        assert!(!working_set.has_all(&needs), "{lock}");
        assert_eq!(working_set.payment(LOCAL, PaymentId::new(3)), None);
        end(batch).await;
        holder.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn who_looks_at_what_would_come_locks_nothing() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    database.run("INSERT INTO test_clocks (client_id, now) VALUES (2, '2030-01-05')").await;
    let needs = Needs {
        clocks: [LOCAL].into(),
        users: local([ANN]),
        plans_to_lock: local([PlanCode::parse("monthly").unwrap()]),
        ..payments([3])
    };
    let holder = database
        .begun(
            "SELECT FROM users, subscriptions, plans, test_clocks
             FOR UPDATE OF users, subscriptions, plans, test_clocks",
        )
        .await;
    let (working_set, _) = Batch::peek(database.store(), &needs).await.unwrap();
    assert!(working_set.has_all(&needs));
    assert!(working_set.test_clock(LOCAL).is_some());
    assert!(working_set.grant(GrantId::new(1)).is_some());
    holder.rollback().await.unwrap();
}

/// The statement by which workers loaded their batches before all of it became one call.
#[tokio::test]
async fn workers_of_before_load_their_batches_beside_ours() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    for load in ["load_batch", "load_unlocked"] {
        let loaded: String = database
            .value(&format!(
                "SELECT loaded::text || coalesce(take_accepted_jobs(needs)::text, '')
                     || coalesce(load_plans('{{\"plans\": [{{\"client_id\": 2,
                                              \"code\": \"monthly\"}}]}}'::json)::text, '')
                     || coalesce(clocks, '') || coalesce(load_tiers(loaded)::text, '')
                 FROM (SELECT find_external_ids('{{\"external_ids\": [], \"jobs\": [],
                           \"subscriptions\": [{{\"client_id\": 2, \"id\": 5}}]}}'::json),
                           lock_test_clocks(ARRAY[2]::bigint[])::text) AS given (needs, clocks),
                     {load}(needs) AS loaded"
            ))
            .await;
        assert!(loaded.contains("\"anchor_months\":"), "{load}: {loaded}");
        assert!(loaded.contains("\"code\":\"monthly\""), "{load}: {loaded}");
    }
}

/// Between the look for what a payment has paid for and the locks, it has paid for something else.
#[tokio::test]
async fn what_was_paid_for_is_looked_at_again_under_the_locks() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    let call = "SELECT load_money('{\"payments\": [{\"client_id\": 2, \"id\": 3}]}',
                                  load_unlocked('{}'), NULL)";
    let done = sqlx::query(call).execute(database.pool()).await.unwrap_err();
    assert!(matches!(StoreError::from(done), StoreError::Conflict(_)));
}
