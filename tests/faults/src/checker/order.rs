//! The rule of order: a command that was answered before another was sent was decided before it.

use super::evidence::Evidence;
use super::keys::Keys;
use super::{Rule, Violation};

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let mut rows: Vec<_> = evidence.rows.log.iter().filter(|row| row.is_of_client()).collect();
    rows.sort_by_key(|row| row.position);
    // Of the commands decided so far, the one that was sent last.
    let mut latest: Option<(u64, &str)> = None;
    let mut violations = Vec::new();
    for row in rows {
        let Some(known) = keys.get(&row.key) else { continue };
        let answered = known.outcomes().map(|(exchange, _)| exchange.answered_us).min();
        if let (Some(answered), Some((sent, before))) = (answered, latest)
            && answered < sent
        {
            let detail =
                format!("answered at {answered} us, and decided after {before}, sent at {sent} us");
            violations.push(Violation::of_key(Rule::OutOfOrder, &row.key, detail));
        }
        let sent = known.submissions().map(|(exchange, _)| exchange.sent_us).min();
        latest = latest.max(sent.map(|sent| (sent, row.key.as_str())));
    }
    violations
}
