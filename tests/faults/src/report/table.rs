//! The report for people: figures, faults, and every violation with the history of its key.

use super::{Campaign, Figures, memory};
use crate::checker::Violation;
use crate::history::{Exchange, Request};
use crate::nemesis::Fault;
use crate::recovery;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// The number of violations that are shown in full; the rest is in report.json.
const TOLD_MAX: usize = 20;

/// The number of requests of a key that are shown.
const SHOWN_MAX: usize = 25;

pub(super) fn text(campaign: &Campaign<'_>, figures: &Figures) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_faults(&mut text, campaign);
    let _ = write_figures(&mut text, campaign, figures);
    for violation in campaign.violations.iter().take(TOLD_MAX) {
        let _ = write_violation(&mut text, campaign, violation);
    }
    if campaign.violations.len() > TOLD_MAX {
        let more = campaign.violations.len() - TOLD_MAX;
        let _ = writeln!(text, "\n... and {more} more: see report.json");
    }
    text
}

fn write_faults(text: &mut String, campaign: &Campaign<'_>) -> std::fmt::Result {
    let (all, history) = (&campaign.injected, campaign.evidence.history);
    let mut kinds = BTreeMap::<Fault, (usize, usize, u64, Duration)>::new();
    for injection in &campaign.injected {
        let (count, failed, longest, recovered) = kinds.entry(injection.fault).or_default();
        *count += 1;
        *failed += usize::from(injection.error.is_some());
        *longest = (*longest).max(injection.ended_us - injection.began_us);
        *recovered = (*recovered).max(recovery::after(injection, all, history).unwrap_or_default());
    }
    write!(text, "\n{:<22}{:>8}{:>10}{:>12}", "fault", "times", "troubled", "longest ms")?;
    writeln!(text, "{:>11}{:>10}{:>9}", "served ms", "bound ms", "p99 ms")?;
    for (fault, (count, failed, longest, recovered)) in kinds {
        let name = clap::ValueEnum::to_possible_value(&fault);
        let name = name.map(|name| name.get_name().to_owned()).unwrap_or_default();
        let (served, bound) = (recovered.as_millis(), recovery::bound(fault).as_millis());
        let p99 = recovery::p99(fault, all, history).map(|p99| p99.as_millis().to_string());
        let p99 = p99.as_deref().unwrap_or("-");
        write!(text, "{name:<22}{count:>8}{failed:>10}{:>12}", longest / 1000)?;
        writeln!(text, "{served:>11}{bound:>10}{p99:>9}")?;
    }
    writeln!(text, "{:<22}{:>8}", "together", campaign.injected.len())
}

fn write_figures(
    text: &mut String,
    campaign: &Campaign<'_>,
    figures: &Figures,
) -> std::fmt::Result {
    let recovery = usize::try_from(campaign.recovery.as_millis()).unwrap_or(usize::MAX);
    let judged = usize::try_from(campaign.judged.as_secs()).unwrap_or(usize::MAX);
    let memory = usize::try_from(memory::most()).unwrap_or(usize::MAX);
    let revivals = usize::try_from(campaign.revivals).unwrap_or(usize::MAX);
    writeln!(text)?;
    for (name, figure) in [
        ("requests", figures.requests),
        ("  without an answer", figures.unanswered),
        ("  told to try again", figures.refused),
        ("keys", figures.keys),
        ("  acknowledged", figures.acknowledged),
        ("  healed by a retry", figures.healed),
        ("replays", figures.replays),
        ("keys of a twin", figures.reused),
        ("  told before", figures.disowned),
        ("jobs that went back", figures.went_back),
        ("rows of the command log", figures.log_rows),
        ("  internal", figures.log_rows_internal),
        ("payments", figures.payments),
        ("  succeeded", figures.payments_succeeded),
        ("  renewals", figures.payments_renewals),
        ("  changes of plan", figures.payments_changes),
        ("  paid back as late", figures.payments_late),
        ("refunds", figures.refunds),
        ("disputes", figures.disputes),
        ("accepted, asked once", figures.relied_on),
        ("rows of a test client", figures.log_rows_of_test_client),
        ("  advances", figures.advances),
        ("processes revived", revivals),
        ("recovered in ms", recovery),
        ("keys not asked again", campaign.unverified),
        ("judged in s", judged),
        ("memory at most in MB", memory),
        ("VIOLATIONS", campaign.violations.len()),
    ] {
        writeln!(text, "{name:<22}{figure:>8}")?;
    }
    let mut rules = BTreeMap::new();
    for violation in campaign.violations {
        *rules.entry(violation.rule).or_insert(0_usize) += 1;
    }
    for (rule, count) in rules {
        writeln!(text, "  {:<20}{count:>8}", format!("{rule:?}"))?;
    }
    Ok(())
}

fn write_violation(
    text: &mut String,
    campaign: &Campaign<'_>,
    violation: &Violation,
) -> std::fmt::Result {
    let key = violation.key.as_deref().unwrap_or("-");
    writeln!(text, "\n{:?}, key {key}: {}", violation.rule, violation.detail)?;
    let rows = campaign.evidence.rows.log.iter().filter(|row| row.key == key);
    for row in rows {
        let (job, status) = (row.job, row.status().map_or("-".to_owned(), |s| s.to_string()));
        let (position, at) = (row.position, row.decided_at);
        writeln!(
            text,
            "  command log {position}: job {job}, {}, {status}, at {at}",
            row.operation
        )?;
    }
    let of_key = campaign.evidence.history.iter().filter(|exchange| exchange.key() == key);
    for exchange in of_key.take(SHOWN_MAX) {
        write_exchange(text, exchange)?;
    }
    Ok(())
}

fn write_exchange(text: &mut String, exchange: &Exchange) -> std::fmt::Result {
    let Exchange { api, sent_us, answered_us, .. } = exchange;
    let what = match &exchange.request {
        Request::Submit(submission) => format!("POST {} {}", submission.path, submission.body),
        Request::Job { .. } => "GET its job".to_owned(),
        Request::Clock { .. } => "GET /test-clock".to_owned(),
        Request::Bank(event) => format!("{event:?}"),
    };
    let told = match &exchange.reply {
        Some(reply) => {
            let replayed = if reply.replayed { " (replay)" } else { "" };
            format!("{}{replayed} {}", reply.status, reply.body)
        }
        None => exchange.error.clone().unwrap_or_default(),
    };
    let (from, to) = (sent_us / 1000, answered_us / 1000);
    writeln!(text, "  {from:>8} to {to:>8} ms, api {api}: {what}\n      -> {told}")
}
