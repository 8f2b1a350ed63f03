//! The report of a campaign: a table on standard output, and files.

mod json;
pub mod memory;
mod table;
mod timeline;

use crate::checker::{Evidence, LogRow, Violation};
use crate::history::{Exchange, Meaning, Phase};
use crate::nemesis::Injection;
use crate::options::Options;
use anyhow::Result;
use domain::{Operation, Payment, PaymentPhase, PurposeKind};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Everything that the report is made of.
pub struct Campaign<'a> {
    /// The options of the campaign.
    pub options: &'a Options,
    /// The evidence that was judged.
    pub evidence: Evidence<'a>,
    /// The violations that were found.
    pub violations: &'a [Violation],
    /// The faults that were injected.
    pub injected: Vec<Injection>,
    /// The time from the last fault until everything worked again.
    pub recovery: Duration,
    /// The keys that there was no time to ask for once more.
    pub unverified: usize,
    /// The time that the checker took.
    pub judged: Duration,
    /// The number of processes that ended by themselves and were started again.
    pub revivals: u32,
}

/// The figures of the report: numbers of requests, keys and rows.
#[derive(Debug, Default, Serialize)]
pub struct Figures {
    /// Requests, reads included.
    pub requests: usize,
    /// Requests without any answer.
    pub unanswered: usize,
    /// Requests that were told to try again (503).
    pub refused: usize,
    /// Different idempotency keys.
    pub keys: usize,
    /// Keys whose clients were told an outcome.
    pub acknowledged: usize,
    /// Keys whose first request had no outcome, while a retry had one.
    pub healed: usize,
    /// Outcomes that were marked as replays.
    pub replays: usize,
    /// Submissions that were told that their key belongs to another request.
    pub reused: usize,
    /// Those among them that had been told their outcome before: a twin held the key again after
    /// Redis had lost it.
    pub disowned: usize,
    /// Reads of a job that found it unfinished although its outcome had been told before: Redis had
    /// lost it, and a retry had queued it again.
    pub went_back: usize,
    /// Rows of the command log.
    pub log_rows: usize,
    /// Payments.
    pub payments: usize,
    /// Those among them that succeeded.
    pub payments_succeeded: usize,
    /// Those among them that were paid back by themselves: nothing waited for them any more.
    pub payments_late: usize,
    /// Those among them that renewed a subscription by itself.
    pub payments_renewals: usize,
    /// Changes of plan that were paid for.
    pub payments_changes: usize,
    /// Refunds that clients asked for.
    pub refunds: usize,
    /// Rows of the command log by internal commands.
    pub log_rows_internal: usize,
    /// Jobs that were accepted, and that nobody asked for again before they were decided.
    pub relied_on: usize,
    /// Payments that were disputed.
    pub disputes: usize,
    /// Rows of the command log of the test client.
    pub log_rows_of_test_client: usize,
    /// Advances of its clock.
    pub advances: usize,
}

impl Campaign<'_> {
    fn figures(&self) -> Figures {
        let history = self.evidence.history;
        let mut first = BTreeMap::new();
        let mut acknowledged = BTreeSet::new();
        let mut owners = HashMap::new();
        let mut told = HashMap::new();
        let mut figures = Figures { requests: history.len(), ..Figures::default() };
        for exchange in history {
            figures.unanswered += usize::from(exchange.reply.is_none());
            if exchange.submission().is_none() {
                continue;
            }
            let meaning = exchange.meaning();
            first.entry(exchange.key()).or_insert(meaning);
            figures.reused += usize::from(meaning == Meaning::Reused);
            figures.refused += usize::from(meaning == Meaning::TryAgain);
            if meaning == Meaning::Outcome {
                acknowledged.insert(exchange.key());
                told.entry(exchange.key()).or_insert(exchange.answered_us);
                if let Some(submission) = exchange.submission() {
                    owners.entry(submission).or_insert(exchange.answered_us);
                }
                let replayed = exchange.reply.as_ref().is_some_and(|reply| reply.replayed);
                figures.replays += usize::from(replayed);
            }
        }
        let disowned = |exchange: &&Exchange| {
            let known = exchange.submission().and_then(|submission| owners.get(submission));
            exchange.meaning() == Meaning::Reused && known.is_some_and(|at| *at < exchange.sent_us)
        };
        figures.disowned = history.iter().filter(disowned).count();
        let went_back = |exchange: &&Exchange| {
            let known = told.get(exchange.key());
            exchange.saw_unfinished() && known.is_some_and(|at| *at < exchange.sent_us)
        };
        figures.went_back = history.iter().filter(went_back).count();
        figures.keys = first.len();
        figures.acknowledged = acknowledged.len();
        let healed = |key: &&&str| {
            first.get(**key).is_some_and(|m| matches!(m, Meaning::Unknown | Meaning::TryAgain))
        };
        figures.healed = acknowledged.iter().filter(healed).count();
        let rows = self.evidence.rows;
        let succeeded = |payment: &&Payment| payment.phase == PaymentPhase::Succeeded;
        let of_kind = |kind| {
            let of_kind = rows.payments.iter().filter(move |p| p.purpose.kind() == kind);
            of_kind.filter(succeeded).count()
        };
        figures.payments = rows.payments.len();
        figures.payments_succeeded = rows.payments.iter().filter(succeeded).count();
        figures.payments_late = rows.refunds.iter().filter(|r| r.is_of_late_money).count();
        figures.payments_renewals = of_kind(PurposeKind::Renewal);
        figures.payments_changes = of_kind(PurposeKind::ChangePlan);
        figures.refunds = rows.refunds.len() - figures.payments_late;
        let log = &self.evidence.rows.log;
        figures.log_rows = log.len();
        figures.log_rows_internal = log.iter().filter(|row| row.is_internal()).count();
        figures.relied_on = self.relied_on();
        figures.disputes = rows.payments.iter().filter(|p| p.dispute.is_some()).count();
        let is_of_test_client = |row: &&LogRow| rows.clocks.iter().any(|c| c.client == row.client);
        figures.log_rows_of_test_client = log.iter().filter(is_of_test_client).count();
        let advances = log.iter().filter(|row| row.operation == Operation::SettleClock.as_str());
        figures.advances = advances.count();
        figures
    }
}

impl Campaign<'_> {
    fn relied_on(&self) -> usize {
        let mut asked = HashMap::<&str, (usize, bool)>::new();
        let load = self.evidence.history.iter().filter(|e| e.phase == Phase::Load);
        for exchange in load.filter(|exchange| exchange.submission().is_some()) {
            let (times, accepted) = asked.entry(exchange.key()).or_default();
            *times += 1;
            *accepted |= exchange.reply.as_ref().is_some_and(|reply| reply.status == 202);
        }
        asked.into_values().filter(|of| *of == (1, true)).count()
    }
}

/// Writes the files into `folder`, and the table to stdout.
pub fn write(campaign: &Campaign<'_>, folder: &Path) -> Result<()> {
    let figures = campaign.figures();
    std::fs::write(folder.join("report.json"), json::report(campaign, &figures)?)?;
    std::fs::write(folder.join("timeline.svg"), timeline::svg(campaign))?;
    let text = table::text(campaign, &figures);
    std::fs::write(folder.join("summary.txt"), &text)?;
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
