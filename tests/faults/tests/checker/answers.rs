use crate::books::{Books, REUSED, submission};
use faults::checker::Rule;
use serde_json::json;

#[test]
fn a_faultless_history_breaks_no_rule() {
    assert_eq!(Books::good().broken(), []);
}

#[test]
fn lost_answers_refusals_for_now_and_replays_are_no_violations() {
    let mut books = Books::good();
    for key in ["ann", "sub", "again"] {
        let asked = books.asked(key);
        books.exchange(&asked, None);
        books.exchange(&asked, Some((202, r#"{"status":"queued"}"#)));
        books.exchange(&asked, Some((503, r#"{"code":"queue_unavailable"}"#)));
        let answer = books.answer(key);
        books.exchange(&asked, Some((answer.status, &answer.body)));
    }
    assert_eq!(books.broken(), []);
}

#[test]
fn a_replay_that_differs_by_one_byte_is_caught() {
    let mut books = Books::good();
    let (asked, answer) = (books.asked("sub"), books.answer("sub"));
    books.exchange(&asked, Some((answer.status, &format!("{} ", answer.body))));
    assert_eq!(books.broken(), [Rule::DifferentAnswers]);
}

#[test]
fn an_answer_that_is_not_the_ledgers_is_caught() {
    let mut books = Books::good();
    let last = books.history.last_mut().unwrap().reply.as_mut().unwrap();
    last.body = last.body.replace("cancelled", "active");
    assert_eq!(books.broken(), [Rule::DifferentAnswers]);
}

#[test]
fn one_of_two_twins_is_told_that_the_key_is_not_its_own() {
    let mut books = Books::good();
    let twin = submission("sub", "/subscribe", &json!({"plan": "yearly", "user_id": 1}));
    books.exchange(&twin, Some((422, REUSED)));
    assert_eq!(books.broken(), []);
}

#[test]
fn an_outcome_told_to_a_twin_is_caught() {
    let mut books = Books::good();
    let twin = submission("sub", "/subscribe", &json!({"plan": "yearly", "user_id": 1}));
    let answer = books.answer("sub");
    books.exchange(&twin, Some((answer.status, &answer.body)));
    assert_eq!(books.broken(), [Rule::DifferentAnswers, Rule::ForeignAnswer, Rule::Limbo]);
}

#[test]
fn a_key_called_reused_that_has_no_twin_is_caught() {
    let mut books = Books::good();
    let (asked, answer) = (books.asked("sub"), books.answer("sub"));
    books.exchange(&asked, Some((422, REUSED)));
    books.exchange(&asked, Some((answer.status, &answer.body)));
    assert_eq!(books.broken(), [Rule::ReusedWithoutTwin, Rule::Untrue]);
}

#[test]
fn what_valid_input_is_never_answered_with_is_caught() {
    for (status, body) in [(500, r#"{"code":"internal"}"#), (400, "{}"), (503, "no problem")] {
        let mut books = Books::good();
        let (asked, answer) = (books.asked("sub"), books.answer("sub"));
        books.exchange(&asked, Some((status, body)));
        books.exchange(&asked, Some((answer.status, &answer.body)));
        assert_eq!(books.broken(), [Rule::WrongAnswer], "{status}");
    }
}

#[test]
fn a_job_shows_what_its_submission_was_told() {
    let job = |status: &str, member: &str, body: &str| {
        let other = if member == "result" { "error" } else { "result" };
        format!(r#"{{"id":"x","status":"{status}","{member}":{body},"{other}":null}}"#)
    };
    let mut books = Books::good();
    let (done, refused) = (books.answer("sub").body, books.answer("again").body);
    books.look("sub", 200, &job("succeeded", "result", &done));
    books.look("again", 200, &job("failed", "error", &refused));
    assert_eq!(books.broken(), []);

    books.look("sub", 200, &job("succeeded", "result", &refused));
    assert_eq!(books.broken(), [Rule::JobDiffers]);
    let mut books = Books::good();
    books.look("sub", 200, &job("failed", "error", &done));
    assert_eq!(books.broken(), [Rule::JobDiffers]);
    let mut books = Books::good();
    books.look("sub", 500, "{}");
    assert_eq!(books.broken(), [Rule::WrongAnswer]);
}
