//! The rule of test clocks: none ever goes back, neither in the command log nor to who looks.

use super::evidence::{Evidence, Rows};
use super::{Rule, Violation};
use crate::client::clock::standing;
use crate::history::{Exchange, Request};
use domain::{ClientId, Instant};
use std::collections::BTreeMap;

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut violations = decided_earlier(evidence.rows);
    for clock in &evidence.rows.clocks {
        violations.extend(shown_earlier(evidence.history, clock.client));
        if clock.advance.is_some() {
            violations.push(back(format!("{clock:?} is still on its way")));
        }
    }
    violations
}

fn back(detail: String) -> Violation {
    Violation::of_state(Rule::ClockBack, detail)
}

/// Rows of the command log that were decided at an earlier time than one before them.
fn decided_earlier(rows: &Rows) -> Vec<Violation> {
    let mut log: Vec<_> = rows.log.iter().collect();
    log.sort_by_key(|row| row.position);
    let clocks = rows.clocks.iter().map(|clock| (clock.client, Instant::MIN_UTC));
    let mut times: BTreeMap<ClientId, Instant> = clocks.collect();
    let mut violations = Vec::new();
    for row in log {
        let Some(now) = times.get_mut(&row.client) else { continue };
        if row.decided_at < *now {
            let (position, at) = (row.position, row.decided_at);
            violations.push(back(format!("row {position} was decided at {at}, after {now}")));
        }
        *now = row.decided_at.max(*now);
    }
    violations
}

/// Looks that were shown an earlier time than one that was answered before they were made.
fn shown_earlier(history: &[Exchange], client: ClientId) -> Vec<Violation> {
    let is_look = |e: &&Exchange| matches!(e.request, Request::Clock { owner } if owner == client);
    let looks = history.iter().filter(is_look).filter_map(|look| {
        let now = look.reply.as_ref().and_then(standing)?;
        Some((look, now))
    });
    let looks: Vec<_> = looks.collect();
    let mut violations = Vec::new();
    for (look, now) in &looks {
        let before = looks.iter().filter(|(other, _)| other.answered_us < look.sent_us);
        if let Some((_, earlier)) = before.max_by_key(|(_, now)| now)
            && now < earlier
        {
            let at = look.answered_us;
            violations.push(back(format!("at {at} us it stood at {now}, after {earlier}")));
        }
    }
    violations
}
