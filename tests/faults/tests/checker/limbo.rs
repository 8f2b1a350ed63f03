use crate::books::{Books, REUSED, submission};
use faults::checker::{Incident, Rule};
use serde_json::json;

#[test]
fn a_key_without_an_outcome_is_caught() {
    for told in [None, Some((202, "{}")), Some((503, r#"{"code":"processing_failed"}"#))] {
        let mut books = Books::good();
        let lost = submission("lost", "/cancel", &json!({"subscription_id": 3}));
        books.exchange(&lost, told);
        assert_eq!(books.broken(), [Rule::Limbo], "{told:?}");
    }
}

#[test]
fn a_key_that_had_an_outcome_and_lost_it_is_caught() {
    let mut books = Books::good();
    let asked = books.asked("sub");
    books.exchange(&asked, Some((202, "{}")));
    assert_eq!(books.broken(), [Rule::Limbo]);
}

#[test]
fn twins_that_are_both_told_that_the_key_is_the_others_are_caught() {
    let mut books = Books::good();
    let (a, b) = (json!({"subscription_id": 3}), json!({"subscription_id": 4}));
    books.exchange(&submission("twin", "/cancel", &a), Some((422, REUSED)));
    books.exchange(&submission("twin", "/cancel", &b), Some((422, REUSED)));
    // The first was told so before there was another.
    assert_eq!(books.broken(), [Rule::ReusedWithoutTwin, Rule::Limbo]);
}

#[test]
fn what_is_left_in_the_queue_is_caught() {
    let mut books = Books::good();
    books.leftovers.tasks.push(("commerce:inflight:worker-1".to_owned(), 2));
    assert_eq!(books.broken(), [Rule::Leftover]);

    let mut books = Books::good();
    books.leftovers.unfinished.push(("job".to_owned(), "running".to_owned()));
    assert_eq!(books.broken(), [Rule::Leftover]);
}

#[test]
fn an_incident_is_a_violation() {
    let mut books = Books::good();
    books.incidents.push(Incident("worker-0: panicked at src/lib.rs".to_owned()));
    assert_eq!(books.broken(), [Rule::Incident]);
}
