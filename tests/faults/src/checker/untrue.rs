//! The rule of truth: nothing that was said to a client is untrue. An answer may be late or say
//! little, but what it says must not be refuted by what was known before it was asked for.

use super::accepted::is_promised;
use super::evidence::{Evidence, LogRow, Span};
use super::keys::{Keys, Known};
use super::said::Said;
use super::{Rule, Violation};
use crate::history::{Exchange, Meaning, Submission};
use domain::ClientId;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// A row of an owner, by the member that names it: a giver is a user.
type Entity = (ClientId, &'static str, i64);

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let (written, confirmed) = (written(evidence, keys), confirmed(keys));
    let mut violations = Vec::new();
    for (key, known) in &keys.0 {
        let row = known.rows.first().copied();
        let written = row.and_then(|row| written.get(&row.position).copied());
        for exchange in &known.exchanges {
            let refuted = dead(exchange, written)
                .or_else(|| unfinished(exchange, known))
                .or_else(|| job_missing(exchange, known, evidence.losses))
                .or_else(|| entity_missing(exchange, known, &confirmed))
                .or_else(|| disowned(exchange, known));
            let told = exchange.reply.as_ref().map(|reply| reply.body.as_str());
            violations.extend(refuted.map(|why| {
                let detail = format!("{why}: {}", told.unwrap_or_default());
                Violation::of_key(Rule::Untrue, key, detail)
            }));
        }
        violations.extend(row.zip(written).and_then(|(row, at)| declined(key, known, row, at)));
    }
    violations
}

/// For each row of the command log a time at which it had surely been written: it or a later one
/// had been told to somebody. It needs no clock but that of the campaign.
fn written(evidence: &Evidence<'_>, keys: &Keys<'_>) -> BTreeMap<i64, u64> {
    let mut rows: Vec<_> = evidence.rows.log.iter().filter(|row| row.is_of_client()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.position));
    let mut earliest: Option<u64> = None;
    let mut written = BTreeMap::new();
    for row in rows {
        let told = keys.get(&row.key).and_then(first_told);
        earliest = earliest.into_iter().chain(told).min();
        written.extend(earliest.map(|at| (row.position, at)));
    }
    written
}

fn first_told(known: &Known<'_>) -> Option<u64> {
    known.outcomes().map(|(exchange, _)| exchange.answered_us).min()
}

/// "Given up, nothing of it was done", though it had been written.
fn dead(exchange: &Exchange, written: Option<u64>) -> Option<&'static str> {
    let refuted = Said::of(exchange) == Some(Said::Dead) && written? < exchange.sent_us;
    refuted.then_some("called dead though the command log had it")
}

/// "Queued", though the outcome had been told.
fn unfinished(exchange: &Exchange, known: &Known<'_>) -> Option<&'static str> {
    let refuted = exchange.saw_unfinished() && first_told(known)? < exchange.sent_us;
    refuted.then_some("called unfinished though its outcome had been told")
}

/// "No such job", though it was decided, or accepted and Redis had lost nothing since.
fn job_missing(exchange: &Exchange, known: &Known<'_>, losses: &[Span]) -> Option<&'static str> {
    if Said::of(exchange) != Some(Said::NoSuchJob) {
        return None;
    }
    if first_told(known).is_some_and(|at| at < exchange.sent_us) {
        return Some("not found though its outcome had been told");
    }
    is_promised(known, exchange, losses).then_some("not found though it had been accepted")
}

/// "No such user", though it had been confirmed before the command was first sent.
fn entity_missing(
    exchange: &Exchange,
    known: &Known<'_>,
    confirmed: &HashMap<Entity, u64>,
) -> Option<&'static str> {
    let submission = exchange.submission()?;
    let Some(Said::NoSuch(kind, member)) = Said::of(exchange) else { return None };
    let body: Value = serde_json::from_str(&submission.body).ok()?;
    let at = confirmed.get(&(submission.owner, kind, body.get(member)?.as_i64()?))?;
    let same = known.submissions().filter(|(_, other)| *other == submission);
    let first_sent = same.map(|(first, _)| first.sent_us).min()?;
    (*at < first_sent).then_some("not found though it had been confirmed")
}

/// "Another request used this key, and nothing happened", though this one's outcome had been told.
fn disowned(exchange: &Exchange, known: &Known<'_>) -> Option<&'static str> {
    let submission = exchange.submission().filter(|_| exchange.meaning() == Meaning::Reused)?;
    let own = |(before, other): (&Exchange, &std::sync::Arc<Submission>)| {
        other == submission && before.answered_us < exchange.sent_us
    };
    let refuted = known.outcomes().any(own);
    refuted.then_some("called another's though its own outcome had been told")
}

/// "Nothing was accepted", told to everybody who can have asked for what was then decided.
fn declined(key: &str, known: &Known<'_>, row: &LogRow, written: u64) -> Option<Violation> {
    let mut asked = known.submissions().filter(|(exchange, submission)| {
        exchange.sent_us < written && submission.fingerprint() == row.fingerprint
    });
    let (first, _) = asked.next()?;
    let all = [first].into_iter().chain(asked.map(|(exchange, _)| exchange));
    let refuted = all.into_iter().all(|e| Said::of(e) == Some(Said::NothingAccepted));
    let detail = "nothing was accepted, everybody was told, and it was decided";
    refuted.then(|| Violation::of_key(Rule::Untrue, key, detail))
}

/// The rows that clients were told of, and when first.
fn confirmed(keys: &Keys<'_>) -> HashMap<Entity, u64> {
    let mut confirmed = HashMap::new();
    for (exchange, submission) in keys.0.values().flat_map(Known::outcomes) {
        let Some(reply) = exchange.reply.as_ref().filter(|reply| reply.status < 300) else {
            continue;
        };
        let (kind, member) = match submission.path {
            "/users" => ("user", "id"),
            "/subscribe" => ("subscription", "id"),
            "/gift" => ("gift", "id"),
            "/gift/redeem" => ("subscription", "subscription_id"),
            _ => continue,
        };
        let body: Option<Value> = serde_json::from_str(&reply.body).ok();
        let id = body.and_then(|body| body.get(member)?.as_i64());
        if let Some(id) = id {
            let at = confirmed.entry((submission.owner, kind, id)).or_insert(exchange.answered_us);
            *at = exchange.answered_us.min(*at);
        }
    }
    confirmed
}
