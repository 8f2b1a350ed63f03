//! The ledger: balances and closings.

use super::{ANN, LOCAL, paid, transfer, usd, write};
use crate::sample::day;
use domain::{Account, Change, ClientId, Currency, Transfer};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use store::check::Invariant;
use store::closings;
use store::reads;
use support::{Database, eventually_true};

#[tokio::test]
async fn balances_are_sums_and_those_that_are_zero_are_left_out() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    let eur = Currency::parse("EUR").unwrap();
    let rows = [
        Change::Transfer(transfer(Account::Deferred, Account::Revenue, 1500)),
        Change::Transfer(Transfer {
            currency: eur,
            ..transfer(Account::Cash, Account::Gift(domain::GiftId::new(7)), 5)
        }),
    ];
    write(&database, rows).await.unwrap();
    let read = async |only| reads::ledger_balances(database.store(), LOCAL, only).await.unwrap().0;
    let in_usd = [
        (Account::Cash, usd(), 1000),
        (Account::Credit(ANN), usd(), 500),
        (Account::Revenue, usd(), -1500),
    ];
    assert_eq!(read(Some(usd())).await, in_usd);
    assert_eq!(read(None).await.len(), 5);
    let nobody = reads::ledger_balances(database.store(), ClientId::SYSTEM, None).await.unwrap();
    assert!(nobody.0.is_empty() && nobody.1 > day(-10_000));
}

/// Closes all that can be closed.
async fn close_all(database: &Database) -> u32 {
    let mut closed = 0;
    for client in closings::open_clients(database.store()).await.unwrap() {
        assert_eq!(client, LOCAL);
        closed += closings::close(database.store(), client).await.unwrap();
    }
    closed
}

#[tokio::test]
async fn balances_are_the_same_whatever_is_closed_of_them() {
    let database = Database::create().await;
    let store = database.store();
    write(&database, paid()).await.unwrap();
    let read = async || reads::ledger_balances(store, LOCAL, None).await.unwrap().0;
    let summed = async || -> String {
        let sum =
            "SELECT coalesce(string_agg(account || currency || amount, ',' ORDER BY account), '')
                   FROM (SELECT account, currency, sum(amount) AS amount
                         FROM (SELECT debit AS account, currency, amount FROM ledger
                               UNION ALL SELECT credit, currency, -amount FROM ledger) AS side
                         GROUP BY account, currency HAVING sum(amount) <> 0) AS balance";
        database.value(sum).await
    };
    let is_right = async || {
        let found = read().await;
        let found: Vec<String> = found
            .iter()
            .map(|(account, currency, amount)| format!("{account}{}{amount}", currency.as_str()))
            .collect();
        assert_eq!(found.join(","), summed().await);
        let wrong = Invariant::Closings.look(store, LOCAL, 9).await.unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
    };
    let closes = async |expected: u32| {
        let closed = AtomicU32::new(0);
        let what = format!("{expected} transfers closed");
        // Transactions of other databases of the server count, too.
        let probe = async || {
            closed.fetch_add(close_all(&database).await, Ordering::Relaxed);
            Ok(closed.load(Ordering::Relaxed) == expected)
        };
        eventually_true(&what, Duration::from_secs(30), probe).await.unwrap();
    };
    is_right().await;
    closes(2).await;
    is_right().await;
    assert_eq!(closings::close(store, LOCAL).await.unwrap(), 0);

    // One goes on that has a number before one that is committed. Neither is closed until it ends.
    let insert = "INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
                  VALUES (2, gen_random_uuid(), 'cash', 'deferred', 'USD', 3, '2020-01-01')";
    let slow = database.begun(insert).await;
    let more = Change::Transfer(transfer(Account::Deferred, Account::Revenue, 400));
    write(&database, [more]).await.unwrap();
    assert_eq!(close_all(&database).await, 0);
    is_right().await;
    slow.commit().await.unwrap();
    is_right().await;
    closes(2).await;
    is_right().await;

    // What comes to 0 is not kept.
    write(&database, [Change::Transfer(transfer(Account::Credit(ANN), Account::Cash, 1003))])
        .await
        .unwrap();
    let all = read().await;
    closes(1).await;
    is_right().await;
    assert_eq!(read().await, all);
    let even = "SELECT count(*) FROM ledger_closings WHERE amount = 0 OR account = 'cash'";
    assert_eq!(database.value::<i64>(even).await, 0, "{all:?}");

    // Another worker is at it.
    let holder = database.begun("SELECT FROM ledger_places FOR NO KEY UPDATE").await;
    assert_eq!(closings::close(store, LOCAL).await.unwrap(), 0);
    holder.rollback().await.unwrap();

    database.run("UPDATE ledger_closings SET amount = amount + 1 WHERE account = 'revenue'").await;
    let wrong = Invariant::Closings.look(store, LOCAL, 9).await.unwrap();
    assert_eq!(wrong, ["revenue is closed with -399 USD, and was -400"]);
}

#[tokio::test]
async fn transfers_are_read_in_an_order_that_no_later_one_comes_into() {
    let database = Database::create().await;
    write(&database, paid()).await.unwrap();
    let read = async |from| {
        let page = reads::ledger_transfers(database.store(), LOCAL, from, 10).await.unwrap();
        page.transfers.iter().map(|(id, transfer)| (*id, transfer.amount)).collect::<Vec<_>>()
    };
    let held_back = async |from| {
        let page = reads::ledger_transfers(database.store(), LOCAL, from, 10).await.unwrap();
        page.held_back
    };
    // Transactions of other databases of the server count, too: other tests make them.
    let comes = async |from, expected: &[(i64, u64)]| {
        let probe = async || Ok(read(from).await == expected);
        eventually_true("the transfers", Duration::from_secs(30), probe).await.unwrap();
    };
    comes(None, &[(1, 1000), (2, 500)]).await;
    comes(Some(2), &[(2, 500)]).await;
    assert_eq!(read(Some(77)).await, []);

    // One that has begun, and has drawn its number, before another that is committed.
    let insert = "INSERT INTO ledger (client_id, group_id, debit, credit, currency, amount, at)
                  VALUES (2, gen_random_uuid(), 'cash', 'deferred', 'USD', 3, now())";
    let slow = database.begun(insert).await;
    let later = |amount| Change::Transfer(transfer(Account::Cash, Account::Deferred, amount));
    write(&database, [later(4)]).await.unwrap();
    assert_eq!(read(Some(2)).await, [(2, 500)], "the one with number 3 may still come");
    assert_eq!(held_back(Some(2)).await, Some(4));
    slow.commit().await.unwrap();
    comes(Some(2), &[(2, 500), (3, 3), (4, 4)]).await;
    assert_eq!(held_back(Some(2)).await, None);

    // The number does not tell the order: this one has begun first.
    let mut early = database.begun("SELECT pg_current_xact_id()").await;
    write(&database, [later(5)]).await.unwrap();
    sqlx::query(insert).execute(&mut *early).await.unwrap();
    early.commit().await.unwrap();
    comes(Some(4), &[(4, 4), (6, 3), (5, 5)]).await;
    comes(Some(6), &[(6, 3), (5, 5)]).await;
    comes(Some(5), &[(5, 5)]).await;
}
