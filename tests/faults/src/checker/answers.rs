//! The rules of answers: equal requests always get equal answers, and each gets its own.

use super::keys::{Keys, Known};
use super::{Rule, Violation};
use crate::history::{Exchange, Meaning, Reply, Request, Submission};
use domain::Answer;
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn check(keys: &Keys<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (key, known) in &keys.0 {
        violations.extend(differing(key, known));
        for (exchange, submission) in known.submissions() {
            violations.extend(foreign(key, known, exchange, submission));
            violations.extend(unfounded(key, known, exchange, submission));
        }
        violations.extend(known.exchanges.iter().filter_map(|e| job_differs(key, known, e)));
    }
    violations
}

fn told(reply: &Reply) -> String {
    format!("{} {}", reply.status, reply.body)
}

/// Outcomes of equal requests that are not the same, byte for byte.
fn differing(key: &str, known: &Known<'_>) -> Option<Violation> {
    let mut outcomes =
        known.outcomes().filter_map(|(exchange, s)| Some((s, exchange.reply.as_ref()?)));
    let (first_asked, first) = outcomes.next()?;
    let same = |reply: &Reply| reply.status == first.status && reply.body == first.body;
    // Two different requests with one key both got an outcome: one of them got the other's.
    let (_, other) = outcomes.find(|(asked, reply)| *asked != first_asked || !same(reply))?;
    let detail = format!("first {}, then {}", told(first), told(other));
    Some(Violation::of_key(Rule::DifferentAnswers, key, detail))
}

/// An outcome that differs from what the command log has for this request.
fn foreign(
    key: &str,
    known: &Known<'_>,
    exchange: &Exchange,
    submission: &Submission,
) -> Option<Violation> {
    let reply = exchange.reply.as_ref().filter(|_| exchange.meaning() == Meaning::Outcome)?;
    let row = known.rows.first()?;
    if row.fingerprint != submission.fingerprint() {
        let detail = format!("told {} to another request than was decided", told(reply));
        return Some(Violation::of_key(Rule::ForeignAnswer, key, detail));
    }
    let is_told = |answer: &Answer| answer.status == reply.status && answer.body == reply.body;
    let same = row.answer.as_ref().is_some_and(is_told);
    let detail = || format!("told {}, but the command log has {}", told(reply), row.told());
    (!same).then(|| Violation::of_key(Rule::DifferentAnswers, key, detail()))
}

/// An answer that no valid request may get, or that only a request with a twin may get.
fn unfounded(
    key: &str,
    known: &Known<'_>,
    exchange: &Exchange,
    submission: &Submission,
) -> Option<Violation> {
    let reply = exchange.reply.as_ref()?;
    match reply.meaning() {
        Meaning::Wrong => Some(Violation::of_key(Rule::WrongAnswer, key, told(reply))),
        Meaning::Reused => {
            let before = |(other, body): (&Exchange, &std::sync::Arc<Submission>)| {
                other.sent_us <= exchange.answered_us && **body != *submission
            };
            let detail = || format!("no other request was made with it: {}", told(reply));
            (!known.submissions().any(before))
                .then(|| Violation::of_key(Rule::ReusedWithoutTwin, key, detail()))
        }
        Meaning::Outcome | Meaning::Unknown | Meaning::TryAgain => None,
    }
}

#[derive(Deserialize)]
struct Job<'a> {
    status: &'a str,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// The view of a job that has ended but differs from the command log.
fn job_differs(key: &str, known: &Known<'_>, exchange: &Exchange) -> Option<Violation> {
    let (Request::Job { .. }, Some(reply)) = (&exchange.request, &exchange.reply) else {
        return None;
    };
    let wrong = |rule| Some(Violation::of_key(rule, key, format!("GET said {}", told(reply))));
    if matches!(reply.status, 404 | 503) {
        return None;
    }
    if reply.status != 200 {
        return wrong(Rule::WrongAnswer);
    }
    let Ok(job) = serde_json::from_str::<Job<'_>>(&reply.body) else {
        return wrong(Rule::WrongAnswer);
    };
    let (shown, refused) = match job.status {
        "succeeded" => (job.result, false),
        "failed" => (job.error, true),
        _ => return None,
    };
    let stored = known.rows.first().and_then(|row| row.answer.as_ref());
    let same = stored.is_some_and(|answer| {
        shown.map(RawValue::get) == Some(answer.body.as_str()) && answer.is_success() != refused
    });
    if same { None } else { wrong(Rule::JobDiffers) }
}
