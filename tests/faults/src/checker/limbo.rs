//! The rules for the end of a campaign: every key has its outcome and the queue is empty.

use super::evidence::Evidence;
use super::keys::{Keys, Known};
use super::{Rule, Violation};
use crate::history::{Exchange, Meaning, Submission};

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let mut violations: Vec<_> =
        keys.0.iter().filter_map(|(key, known)| without_outcome(key, known)).collect();
    for (name, size) in &evidence.leftovers.tasks {
        let detail = format!("{name} still holds {size}");
        violations.push(Violation::of_state(Rule::Leftover, detail));
    }
    for (job, state) in &evidence.leftovers.unfinished {
        let detail = format!("the record of job {job} is still {state}");
        violations.push(Violation::of_state(Rule::Leftover, detail));
    }
    violations
}

/// A violation unless, at the last sending of each request with this key, one of them got an
/// outcome and all others got the answer that the key belongs to another request.
fn without_outcome(key: &str, known: &Known<'_>) -> Option<Violation> {
    let bodies = known.bodies();
    let last: Vec<Option<&Exchange>> = bodies.iter().map(|body| last(known, body)).collect();
    let count = |meaning| last.iter().flatten().filter(|e| e.meaning() == meaning).count();
    let settled = count(Meaning::Outcome) == 1 && count(Meaning::Reused) == bodies.len() - 1;
    if bodies.is_empty() || settled {
        return None;
    }
    let told = last.iter().flatten().map(|exchange| match &exchange.reply {
        Some(reply) => format!("{} {}", reply.status, reply.body),
        None => exchange.error.clone().unwrap_or_default(),
    });
    let told = told.collect::<Vec<_>>().join(" / ");
    Some(Violation::of_key(Rule::Limbo, key, format!("the last it was told is {told}")))
}

fn last<'a>(known: &Known<'a>, body: &Submission) -> Option<&'a Exchange> {
    let asked = known.submissions().filter(|(_, submission)| ***submission == *body);
    asked.map(|(exchange, _)| exchange).max_by_key(|exchange| exchange.answered_us)
}
