//! What clients are told must be so.

use crate::books::{Books, REUSED, submission};
use faults::checker::{Rule, Span};
use serde_json::json;

const DEAD: &str = r#"{"code":"processing_failed","status":503}"#;
const FULL: &str = r#"{"code":"queue_full","status":503}"#;
const NO_JOB: &str = r#"{"code":"job_not_found","status":404}"#;

fn job(status: &str) -> String {
    json!({"id": "x", "status": status, "result": null, "error": null}).to_string()
}

/// A history in which `key` is submitted first, and answered so, before it has its outcome.
fn told_first(status: u16, body: &str) -> Books {
    let mut books = Books::empty();
    let asked = submission("ann", "/users", &json!({"email": "ann@example.com"}));
    books.exchange(&asked, Some((status, body)));
    books
}

fn decide(books: &mut Books) {
    books.command("ann", "/users", json!({"email": "ann@example.com"}));
}

#[test]
fn what_was_so_when_it_was_said_is_no_violation() {
    for (status, body) in [(503, DEAD), (503, FULL), (202, r#"{"status":"queued"}"#)] {
        let mut books = told_first(status, body);
        books.look("ann", 200, &job("queued"));
        books.look("ann", 200, &job("dead"));
        decide(&mut books);
        assert_eq!(books.broken(), [], "{body}");
    }
    let mut books = Books::empty();
    books.look("ann", 404, NO_JOB);
    decide(&mut books);
    assert_eq!(books.broken(), []);
}

#[test]
fn a_command_called_dead_that_the_log_had_is_caught() {
    let mut books = Books::good();
    let (asked, answer) = (books.asked("sub"), books.answer("sub"));
    books.exchange(&asked, Some((503, DEAD)));
    books.exchange(&asked, Some((answer.status, &answer.body)));
    assert_eq!(books.broken(), [Rule::Untrue]);

    let mut books = Books::good();
    books.look("sub", 200, &job("dead"));
    assert_eq!(books.broken(), [Rule::Untrue]);
}

#[test]
fn it_is_caught_too_when_only_a_later_command_had_been_told() {
    let mut books = Books::empty();
    decide(&mut books);
    let (asked, answer) = (books.asked("ann"), books.answer("ann"));
    books.history.clear();
    books.exchange(&asked, None);
    books.command("bob", "/users", json!({"email": "bob@example.com"}));
    books.exchange(&asked, Some((503, DEAD)));
    books.exchange(&asked, Some((answer.status, &answer.body)));
    assert_eq!(books.broken(), [Rule::Untrue]);
}

#[test]
fn a_job_called_unfinished_after_its_outcome_was_told_is_caught() {
    for status in ["queued", "running", "retrying"] {
        let mut books = Books::good();
        books.look("sub", 200, &job(status));
        assert_eq!(books.broken(), [Rule::Untrue], "{status}");
    }
}

#[test]
fn a_job_that_is_not_found_though_it_was_decided_is_caught() {
    let mut books = Books::good();
    books.losses.push(Span { from_us: 0, to_us: u64::MAX });
    books.look("sub", 404, NO_JOB);
    assert_eq!(books.broken(), [Rule::Untrue]);
}

#[test]
fn a_job_that_was_accepted_is_missing_only_after_a_loss() {
    let lost_by = |losses: &[Span]| {
        let mut books = told_first(202, r#"{"status":"queued"}"#);
        books.losses.extend(losses);
        books.look("ann", 404, NO_JOB);
        decide(&mut books);
        books.broken()
    };
    assert_eq!(lost_by(&[]), [Rule::Untrue]);
    assert_eq!(lost_by(&[Span { from_us: 900_000, to_us: 900_001 }]), [Rule::Untrue]);
    assert_eq!(lost_by(&[Span { from_us: 1500, to_us: 1600 }]), []);
}

#[test]
fn an_entity_that_is_not_found_though_it_was_confirmed_is_caught() {
    for (path, member, code) in [
        ("/subscribe", "user_id", "user_not_found"),
        ("/gift", "gifter_id", "gifter_not_found"),
        ("/renew", "subscription_id", "subscription_not_found"),
        ("/gift/redeem", "gift_id", "gift_not_found"),
    ] {
        let mut books = Books::good();
        let id = match member {
            "subscription_id" => 3,
            "gift_id" => 5,
            _ => 1,
        };
        let asked = submission("missing", path, &json!({ member: id }));
        books.exchange(&asked, Some((404, &json!({"code": code, "status": 404}).to_string())));
        assert!(books.broken().contains(&Rule::Untrue), "{code}");
    }
}

#[test]
fn an_entity_may_be_missing_in_a_replay_of_what_was_decided_before_it_existed() {
    let mut books = Books::empty();
    let body = json!({"duration_months": 1, "plan": "monthly", "user_id": 2});
    books.command("early", "/subscribe", body);
    books.command("bob", "/users", json!({"email": "bob@example.com"}));
    let (asked, answer) = (books.asked("early"), books.answer("early"));
    assert_eq!(answer.status, 404);
    books.exchange(&asked, Some((404, &answer.body)));
    assert_eq!(books.broken(), []);
}

#[test]
fn an_owner_who_is_told_that_the_key_is_anothers_is_caught() {
    let mut books = Books::good();
    let (asked, answer) = (books.asked("sub"), books.answer("sub"));
    let twin = submission("sub", "/subscribe", &json!({"plan": "yearly", "user_id": 1}));
    books.exchange(&twin, Some((422, REUSED)));
    assert_eq!(books.broken(), []);
    books.exchange(&asked, Some((422, REUSED)));
    books.exchange(&asked, Some((answer.status, &answer.body)));
    assert_eq!(books.broken(), [Rule::Untrue]);
}

#[test]
fn what_was_decided_though_everybody_was_told_that_nothing_was_accepted_is_caught() {
    let mut books = Books::empty();
    decide(&mut books);
    let (asked, answer) = (books.asked("ann"), books.answer("ann"));
    books.history.clear();
    books.exchange(&asked, Some((503, FULL)));
    books.command("bob", "/users", json!({"email": "bob@example.com"}));
    books.exchange(&asked, Some((answer.status, &answer.body)));
    assert_eq!(books.broken(), [Rule::Untrue]);
}
