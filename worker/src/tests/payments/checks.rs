//! What `worker check` finds when somebody has broken what is stored, and what the books say.

use super::refunds::check;
use super::sample::{Till, subscribe};
use store::books;
use store::check::Invariant;
use support::Database;

/// Breaks something by that statement, and returns the invariants that say so.
async fn broken_by(statement: &str) -> Vec<&'static str> {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    till.answer(subscribe(user)).await;
    check(&till).await;
    database.run(statement).await;
    let mut broken = Vec::new();
    for invariant in Invariant::ALL {
        let found = invariant.look(database.store(), till.shop.client, 10).await.unwrap();
        if !found.is_empty() {
            broken.push(invariant.as_str());
        }
    }
    broken
}

#[tokio::test]
async fn what_breaks_an_invariant_is_found() {
    for (statement, expected) in [
        ("UPDATE grants SET value = value + 1", &["deferred"][..]),
        ("UPDATE grants SET payment_id = NULL", &["grants_paid"]),
        ("UPDATE grants SET slice_end = slice_end - interval '1 second'", &["slices_tile"]),
        ("UPDATE users SET credit = 5", &["credit"]),
        ("UPDATE payments SET refunded = 1", &["cash"]),
        (
            "UPDATE payments SET phase = 'sent', settled_at = NULL",
            &["cash", "grants_paid", "nothing_forgotten"],
        ),
        ("UPDATE subscriptions SET payment_id = 1, payment_until = now()", &["open_payments"]),
        (
            "INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
          SELECT client_id, group_id, 'cash', 'gifts:7', 'USD', 3, at FROM ledger",
            &["cash", "gifts_paid"],
        ),
        (
            "INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
          SELECT client_id, group_id, 'unapplied', 'revenue', 'USD', 3, at FROM ledger",
            &["unapplied"],
        ),
        (
            "UPDATE payments SET dispute = 'dp_1', disputed = 5, dispute_status = 'opened'",
            &["disputes"],
        ),
        (
            "INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
          SELECT client_id, group_id, 'chargebacks', 'disputes', 'USD', 3, at FROM ledger",
            &["disputes"],
        ),
    ] {
        assert_eq!(broken_by(statement).await, expected, "{statement}");
    }
}

#[tokio::test]
async fn the_books_balance_and_tell_what_was_earned() {
    let database = Database::create().await;
    let till = Till::open(&database).await;
    let user = till.payer("ann", "sim_ok").await;
    till.answer(subscribe(user)).await;
    let balances = books::trial_balance(database.store(), None).await.unwrap();
    let rest: Vec<_> = balances
        .iter()
        .map(|one| (one.account.as_str(), one.currency.as_str(), one.debit - one.credit))
        .collect();
    assert_eq!(rest, [("cash", "USD", 1500), ("deferred", "USD", -1500)]);
    let before = Some("2026-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(books::trial_balance(database.store(), before).await.unwrap(), []);
    assert_eq!(books::earned(database.store(), None).await.unwrap(), []);
    let subscription_id =
        domain::SubscriptionId::new(database.value("SELECT id FROM subscriptions").await);
    till.shop.send(domain::Cancel { subscription_id, at_period_end: false }).await;
    let earned = books::earned(database.store(), None).await.unwrap();
    let [month] = earned.as_slice() else { panic!("{earned:?}") };
    assert_eq!((month.month.as_str(), month.revenue, month.breakage), ("2026-01", 1500, 0));
    check(&till).await;
}
