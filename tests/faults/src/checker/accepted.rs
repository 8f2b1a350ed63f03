//! The rule of promises: what was accepted is decided, whether anybody asks again or not.

use super::evidence::{Evidence, Span};
use super::keys::{Keys, Known};
use super::said::Said;
use super::{Rule, Violation};
use crate::history::{Exchange, Phase, Request};

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let broken = keys.0.iter().filter_map(|(key, known)| {
        let last = last_look(known)?;
        let is_open = last.saw_waiting() || Said::of(last) == Some(Said::NoSuchJob);
        let told = last.reply.as_ref().map(|reply| reply.body.as_str());
        (is_open && is_promised(known, last, evidence.losses)).then(|| {
            let detail = format!("accepted, and not begun: {}", told.unwrap_or_default());
            Violation::of_key(Rule::AcceptedNotDecided, key, detail)
        })
    });
    broken.collect()
}

/// The last look at a job after the last fault, before anybody asked for it again.
fn last_look<'a>(known: &Known<'a>) -> Option<&'a Exchange> {
    let is_look = |exchange: &&&Exchange| {
        exchange.phase == Phase::Settle && matches!(exchange.request, Request::Job { .. })
    };
    known.exchanges.iter().rfind(is_look).copied()
}

/// Whether a request was accepted before that look, and Redis had lost nothing since that it alone
/// held.
pub(super) fn is_promised(known: &Known<'_>, look: &Exchange, losses: &[Span]) -> bool {
    let is_kept = |accepted: &Exchange| {
        let since = Span { from_us: accepted.sent_us, to_us: look.answered_us };
        accepted.answered_us < look.sent_us && !losses.iter().any(|loss| loss.meets(since))
    };
    let is_accepted = |e: &Exchange| e.reply.as_ref().is_some_and(|reply| reply.status == 202);
    known.submissions().any(|(e, _)| is_accepted(e) && is_kept(e))
}
