use crate::books::Books;
use domain::{ClientId, Grant, GrantId, SubscriptionState, UserId};
use faults::checker::Rule;

#[test]
fn an_answer_that_the_core_would_not_give_is_caught() {
    let mut books = Books::good();
    // The command log and the client agree, and both are wrong: a month too many.
    let body = books.answer("renew").body.replace("-04-", "-05-");
    assert_ne!(body, books.answer("renew").body);
    books.row("renew").answer.as_mut().unwrap().body.clone_from(&body);
    let told = books.history.iter_mut().find(|exchange| exchange.key() == "renew").unwrap();
    told.reply.as_mut().unwrap().body = body;
    assert_eq!(books.broken(), [Rule::ReplayDiffers]);
}

#[test]
fn an_entity_that_is_not_the_one_that_was_made_is_caught() {
    let mut books = Books::good();
    books.row("cancel").entity = Some(99);
    assert_eq!(books.broken(), [Rule::ReplayDiffers]);
}

#[test]
fn another_user_than_the_one_whom_it_concerns_is_caught() {
    let mut books = Books::good();
    books.row("cancel").user = Some(UserId::new(2));
    assert_eq!(books.broken(), [Rule::ReplayDiffers]);

    let mut books = Books::good();
    books.row("again").user = None;
    assert_eq!(books.broken(), [Rule::ReplayDiffers]);
}

#[test]
fn a_decision_by_another_time_is_caught() {
    let mut books = Books::good();
    books.row("cancel").decided_at += chrono::TimeDelta::microseconds(1);
    assert!(books.broken().contains(&Rule::ReplayDiffers));
}

#[test]
fn a_row_that_is_not_what_the_log_makes_of_it_is_caught() {
    let mut books = Books::good();
    books.rows.subscriptions[0].state = SubscriptionState::Expired;
    assert_eq!(books.broken(), [Rule::RowDiffers]);

    let mut books = Books::good();
    books.rows.users[1].client = ClientId::new(3);
    assert_eq!(books.broken(), [Rule::RowDiffers]);

    let mut books = Books::good();
    books.rows.subscriptions[0].client = ClientId::new(3);
    assert_eq!(books.broken(), [Rule::RowDiffers]);

    let mut books = Books::good();
    books.rows.grants[0].client = ClientId::new(3);
    assert_eq!(books.broken(), [Rule::RowDiffers]);
}

#[test]
fn a_row_without_a_log_row_is_caught() {
    let mut books = Books::good();
    let mut extra = books.rows.users[0].clone();
    extra.id = UserId::new(77);
    books.rows.users.push(extra);
    assert_eq!(books.broken(), [Rule::RowDiffers]);
}

#[test]
fn an_outcome_without_its_row_is_caught() {
    let mut books = Books::good();
    books.rows.users.truncate(1);
    assert_eq!(books.broken(), [Rule::RowMissing]);
}

#[test]
fn an_effect_that_was_applied_twice_is_caught() {
    let mut books = Books::good();
    let renewal = Grant { id: GrantId::new(99), ..books.rows.grants[1].clone() };
    books.rows.grants.push(renewal);
    assert_eq!(books.broken(), [Rule::RowDiffers, Rule::MonthsNotGranted]);
}
