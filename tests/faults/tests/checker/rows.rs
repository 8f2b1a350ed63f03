use crate::books::Books;
use domain::{GiftState, SubscriptionId, SubscriptionState};
use faults::checker::Rule;

#[test]
fn two_active_subscriptions_of_a_user_are_caught() {
    let mut books = Books::good();
    let mut second = books.rows.subscriptions[1].clone();
    assert_eq!(second.state, SubscriptionState::Active);
    second.id = SubscriptionId::new(77);
    books.rows.subscriptions.push(second);
    let broken = books.broken();
    assert!(broken.contains(&Rule::TwoActive), "{broken:?}");
}

#[test]
fn a_gift_that_gave_nothing_or_twice_is_caught() {
    let mut books = Books::good();
    books.rows.grants.retain(|grant| grant.source.gift().is_none());
    let broken = books.broken();
    assert!(broken.contains(&Rule::GiftNotOnce), "{broken:?}");
    assert!(broken.contains(&Rule::MonthsNotGranted), "{broken:?}");

    let mut books = Books::good();
    let grant = books.rows.grants.iter().find(|g| g.source.gift().is_some()).unwrap().clone();
    books.rows.grants.push(grant);
    assert!(books.broken().contains(&Rule::GiftNotOnce));

    let mut books = Books::good();
    books.rows.gifts[0].state = GiftState::Pending;
    assert!(books.broken().contains(&Rule::GiftNotOnce));
}

#[test]
fn months_that_nobody_granted_are_caught() {
    let mut books = Books::good();
    books.rows.subscriptions[0].months += 1;
    assert_eq!(books.broken(), [Rule::RowDiffers, Rule::MonthsNotGranted]);
}
