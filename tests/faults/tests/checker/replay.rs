use crate::books::Books;
use contract::view::{GiftView, SubscriptionView};
use domain::{Answer, ClientId, Fingerprint, Gift, GiftState, JobId, SubscriptionState, UserId};
use faults::checker::{LogRow, Rule};
use serde_json::json;

/// A row of the command log by a sweep or by the passing of time.
fn system(books: &mut Books, operation: &str, entity: i64, body: String) {
    books.tick();
    let position = i64::try_from(books.rows.log.len()).unwrap() + 1;
    let row = LogRow {
        position,
        job: JobId::new(uuid::Uuid::from_u128(u128::try_from(position).unwrap())),
        client: ClientId::SYSTEM,
        key: format!("system-{position}"),
        fingerprint: Fingerprint::of_request("SWEEP", "", b""),
        operation: operation.to_owned(),
        entity: Some(entity),
        answer: Answer { status: 200, body },
        finished_at: books.now(),
    };
    books.rows.log.push(row);
}

#[test]
fn an_answer_that_the_core_would_not_give_is_caught() {
    let mut books = Books::good();
    // The command log and the client agree, and both are wrong: a month too many.
    let body = books.answer("renew").body.replace("-04-", "-05-");
    assert_ne!(body, books.answer("renew").body);
    books.row("renew").answer.body.clone_from(&body);
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
fn time_and_sweeps_are_replayed_like_commands() {
    let mut books = Books::empty();
    books.command("ann", "/users", json!({"email": "ann@example.com"}));
    books.command("sub", "/subscribe", json!({"plan": "monthly", "user_id": 1}));
    let gift = json!({"gifter_id": 1, "recipient_email": "ann@example.com"});
    books.command("gift", "/gift", gift);
    let (start, end) = (books.now() - chrono::TimeDelta::days(31), books.now());
    let note = |start: domain::Instant, end: domain::Instant| {
        json!({"start_us": start.timestamp_micros(), "end_us": end.timestamp_micros()}).to_string()
    };
    system(&mut books, "faults_age_subscription", 2, note(start, end));
    system(&mut books, "faults_age_gift", 3, note(start, end));
    let row = &mut books.rows.subscriptions[0];
    (row.start_date, row.end_date) = (start, end);
    books.rows.gifts[0].expires_at = end;
    assert_eq!(books.broken(), []);

    books.tick();
    let now = books.now() + chrono::TimeDelta::microseconds(1000);
    let subscription = books.rows.subscriptions[0].expired(now);
    let body = serde_json::to_string(&SubscriptionView::at(&subscription, now)).unwrap();
    system(&mut books, "expire_subscription", 2, body);
    let gift = Gift { state: GiftState::Expired, ..books.rows.gifts[0].clone() };
    let body = serde_json::to_string(&GiftView::at(&gift, now)).unwrap();
    system(&mut books, "expire_gift", 3, body);
    books.rows.subscriptions[0] = subscription;
    books.rows.gifts[0] = gift;
    assert_eq!(books.broken(), []);

    // A sweep that marks what is not due, or no longer active.
    books.rows.log.retain(|row| row.operation != "faults_age_subscription");
    assert!(books.broken().contains(&Rule::ReplayDiffers));
}

#[test]
fn a_row_that_is_not_what_the_ledger_makes_of_it_is_caught() {
    let mut books = Books::good();
    books.rows.subscriptions[0].state = SubscriptionState::Expired;
    assert_eq!(books.broken(), [Rule::RowDiffers]);

    let mut books = Books::good();
    books.rows.users[1].client = ClientId::new(3);
    assert_eq!(books.broken(), [Rule::RowDiffers]);
}

#[test]
fn a_row_without_a_ledger_entry_is_caught() {
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
    let renewal = books.rows.grants[1].clone();
    books.rows.grants.push(renewal);
    assert_eq!(books.broken(), [Rule::RowDiffers, Rule::MonthsNotGranted]);
}
