//! The clock of a test client never goes back.

use crate::books::Books;
use chrono::TimeDelta;
use domain::{Advance, ClientId, JobId, TestClock};
use faults::checker::Rule;
use faults::history::Request;
use serde_json::json;

const TESTER: ClientId = ClientId::new(7);

/// A test client with two users.
fn tester() -> Books {
    let mut books = Books::empty();
    books.owner = TESTER;
    books.rows.plans.clear();
    for name in ["ann", "bob"] {
        books.command(name, "/users", json!({"email": format!("{name}@example.com")}));
    }
    let now = books.rows.log.last().unwrap().decided_at;
    books.rows.clocks.push(TestClock { client: TESTER, now, advance: None });
    books
}

#[test]
fn a_test_client_is_judged_as_a_live_one_is() {
    assert_eq!(tester().broken(), []);
    let mut books = tester();
    books.rows.log[0].client = ClientId::LOCAL;
    assert!(books.broken().contains(&Rule::NeverSubmitted));
}

#[test]
fn a_command_that_was_decided_at_an_earlier_time_is_caught() {
    let mut books = tester();
    books.rows.log[1].decided_at = books.rows.log[0].decided_at - TimeDelta::microseconds(1);
    assert!(books.broken().contains(&Rule::ClockBack));
}

#[test]
fn a_clock_that_is_shown_at_an_earlier_time_is_caught() {
    let look = |books: &mut Books, now: &str| {
        let told = json!({ "now": now, "target": null }).to_string();
        books.asks(Request::Clock { owner: TESTER }, Some((200, &told)));
    };
    let mut books = tester();
    look(&mut books, "2026-03-01T00:00:00Z");
    look(&mut books, "2026-03-01T00:00:00Z");
    assert_eq!(books.broken(), []);
    look(&mut books, "2026-02-28T23:59:59Z");
    assert_eq!(books.broken(), [Rule::ClockBack]);
    // Who has asked before may be told less.
    books.history.last_mut().unwrap().sent_us = 0;
    assert_eq!(books.broken(), []);
}

#[test]
fn a_clock_that_does_not_arrive_is_caught() {
    let mut books = tester();
    let clock = books.rows.clocks.last_mut().unwrap();
    let job = JobId::new(uuid::Uuid::from_u128(7));
    clock.advance = Some(Advance { target: clock.now, job });
    assert!(books.broken().contains(&Rule::ClockBack));
}
