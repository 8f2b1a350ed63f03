//! What was accepted is decided by itself.

use crate::books::{Books, submission};
use faults::checker::{Rule, Span};
use faults::history::Phase;
use serde_json::json;

/// A job that was accepted, what its last look before anybody asked again said, and its answer.
fn looked(status: u16, body: &str) -> Books {
    let mut books = Books::empty();
    let asked = submission("ann", "/users", &json!({"email": "ann@example.com"}));
    books.exchange(&asked, Some((202, "{}")));
    books.look("ann", status, body);
    books.history.last_mut().unwrap().phase = Phase::Settle;
    books.command("ann", "/users", json!({"email": "ann@example.com"}));
    books
}

#[test]
fn a_job_that_was_accepted_and_only_waits_is_caught() {
    for status in ["queued", "retrying"] {
        let body = json!({ "status": status }).to_string();
        assert_eq!(looked(200, &body).broken(), [Rule::AcceptedNotDecided], "{status}");
    }
    let missing = r#"{"code":"job_not_found","status":404}"#;
    assert_eq!(looked(404, missing).broken(), [Rule::Untrue, Rule::AcceptedNotDecided]);
}

#[test]
fn one_that_has_begun_may_wait_for_a_payment_and_one_that_was_lost_may_be_asked_for_again() {
    assert_eq!(looked(200, r#"{"status":"running"}"#).broken(), []);
    let mut books = looked(200, r#"{"status":"queued"}"#);
    let all = books.history.last().unwrap().answered_us;
    books.losses.push(Span { from_us: 0, to_us: all });
    assert_eq!(books.broken(), []);
}

#[test]
fn a_look_while_there_are_faults_does_not_count() {
    let mut books = looked(200, r#"{"status":"queued"}"#);
    books.history[1].phase = Phase::Load;
    assert_eq!(books.broken(), []);
}
