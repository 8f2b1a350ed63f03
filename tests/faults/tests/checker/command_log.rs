use crate::books::{Books, submission};
use domain::{Answer, ClientId, Fingerprint, JobId};
use faults::checker::Rule;
use serde_json::json;

#[test]
fn an_acknowledged_command_that_the_ledger_has_not_is_caught() {
    let mut books = Books::good();
    books.rows.log.retain(|row| row.key != "cancel");
    let broken = books.broken();
    assert!(broken.contains(&Rule::AcknowledgedButLost), "{broken:?}");
}

#[test]
fn a_refusal_is_acknowledged_as_well() {
    let mut books = Books::good();
    books.rows.log.retain(|row| row.key != "again");
    assert_eq!(books.broken(), [Rule::AcknowledgedButLost]);
}

#[test]
fn a_key_that_was_decided_twice_is_caught() {
    let mut books = Books::good();
    let mut second = books.row("again").clone();
    second.position = 100;
    books.rows.log.push(second);
    assert_eq!(books.broken(), [Rule::DecidedTwice, Rule::OutOfOrder]);
}

#[test]
fn a_log_row_that_nobody_asked_for_is_caught() {
    let mut books = Books::good();
    books.history.retain(|exchange| exchange.key() != "again");
    assert_eq!(books.broken(), [Rule::NeverSubmitted]);

    let mut books = Books::good();
    books.row("again").fingerprint = Fingerprint::of_request("POST", "/cancel", b"{}");
    assert_eq!(books.broken(), [Rule::ForeignAnswer, Rule::NeverSubmitted]);
}

#[test]
fn a_row_under_another_client_or_job_is_caught() {
    let mut books = Books::good();
    books.row("again").client = ClientId::new(77);
    assert!(books.broken().contains(&Rule::NeverSubmitted));

    let mut books = Books::good();
    books.row("again").job = JobId::new(uuid::Uuid::from_u128(7));
    assert!(books.broken().contains(&Rule::NeverSubmitted));
}

#[test]
fn a_stored_5xx_is_caught() {
    let mut books = Books::good();
    let (body, status) = (r#"{"code":"internal"}"#, 500);
    let row = books.row("again");
    row.answer = Some(Answer { status, body: body.to_owned() });
    assert!(books.broken().contains(&Rule::NotAnOutcome));
}

#[test]
fn what_was_answered_first_was_decided_first() {
    let mut books = Books::empty();
    for (key, email) in [("a", "a@example.com"), ("b", "b@example.com"), ("c", "c@example.com")] {
        books.command(key, "/users", json!({ "email": email }));
    }
    assert_eq!(books.broken(), []);
    // As if "a" had been acknowledged before it was decided.
    books.row("a").position = 10;
    assert_eq!(books.broken(), [Rule::OutOfOrder]);
    // Sent before the others were answered, it may be decided at any time.
    let asked = submission("a", "/users", &json!({"email": "a@example.com"}));
    let answer = books.answer("a");
    books.history.retain(|exchange| exchange.key() != "a");
    books.exchange(&asked, Some((answer.status, &answer.body)));
    assert_eq!(books.broken(), []);
}
