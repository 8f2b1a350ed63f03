//! The checker: a pure function over what the clients saw and what is left in the stores.
//!
//! Each kind of rule has a file. Each rule is a function from the evidence to violations and does
//! not depend on the faults that were injected.

mod accepted;
mod answers;
mod clocks;
mod command_log;
mod disputes;
pub mod evidence;
mod invariants;
mod keys;
mod limbo;
mod money;
mod new_ids;
mod order;
mod purchases;
mod replay;
mod said;
mod untrue;

pub use evidence::{
    Evidence, Incident, Leftovers, LogRow, ProviderBooks, ProviderCharge, ProviderRefund, Rows,
    Span,
};
use keys::Keys;
use serde::Serialize;

/// The rules, named by what must never happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A client was told an outcome that the command log does not have.
    AcknowledgedButLost,
    /// One job or key has several rows in the command log.
    DecidedTwice,
    /// Equal requests got different outcomes.
    DifferentAnswers,
    /// A request got the outcome of another request.
    ForeignAnswer,
    /// A key was called reused though nobody used it for anything else.
    ReusedWithoutTwin,
    /// Valid input got an answer that valid input never gets, such as 500.
    WrongAnswer,
    /// A job shows another outcome than its submission.
    JobDiffers,
    /// A client was told something that was known not to be so before it asked: that nothing was
    /// done, that there is no such thing, that a job is dead or still queued.
    Untrue,
    /// The command log has a command that nobody submitted, or an internal one that is not what
    /// its input says.
    NeverSubmitted,
    /// The command log has an answer that must not bind a key.
    NotAnOutcome,
    /// A command that was sent after another was answered was decided before it.
    OutOfOrder,
    /// The pure core comes to another answer than the command log.
    ReplayDiffers,
    /// A row differs from the row that the command log makes, or the command log makes no such row.
    RowDiffers,
    /// The command log made a row that is not there.
    RowMissing,
    /// A user has two live subscriptions.
    TwoActive,
    /// A subscription waits, and the user has none that is live.
    WaitsForNothing,
    /// A gift is redeemed without its one grant, or granted without being redeemed.
    GiftNotOnce,
    /// A subscription has other months than its grants.
    MonthsNotGranted,
    /// A payment was charged at the provider more than once, or otherwise than it says: not at all
    /// though it succeeded, or though it did not succeed.
    NotChargedOnce,
    /// A refund was not paid back by the provider just as it says.
    NotRefundedOnce,
    /// A subscription entitles without its money, or its trial, gift, goodwill or import.
    EntitledUnpaid,
    /// Money was taken, nothing was had for it, and it was not paid back.
    MoneyForNothing,
    /// The ledger says something else than the rows.
    BooksDiffer,
    /// A payment, a refund or a payment method has no end though all is settled.
    Unsettled,
    /// `worker check` finds something.
    Inconsistent,
    /// A job that was accepted was not begun by itself.
    AcceptedNotDecided,
    /// The clock of a test client went back, or did not arrive.
    ClockBack,
    /// A payment is disputed otherwise than its bank says.
    DisputeDiffers,
    /// A key has no outcome though the queue is drained.
    Limbo,
    /// The queue holds something though it is drained.
    Leftover,
    /// A process did what no process should: panicked, or did not stop.
    Incident,
}

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The rule that was broken.
    pub rule: Rule,
    /// The idempotency key that it is about, if there is one.
    pub key: Option<String>,
    /// The description of what was found.
    pub detail: String,
}

impl Violation {
    fn of_key(rule: Rule, key: &str, detail: impl Into<String>) -> Self {
        Self { rule, key: Some(key.to_owned()), detail: detail.into() }
    }

    fn of_state(rule: Rule, detail: impl Into<String>) -> Self {
        Self { rule, key: None, detail: detail.into() }
    }
}

/// All violations in the evidence.
#[must_use]
pub fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let keys = Keys::of(evidence);
    let mut violations = command_log::check(evidence, &keys);
    violations.extend(answers::check(&keys));
    violations.extend(untrue::check(evidence, &keys));
    violations.extend(order::check(evidence, &keys));
    violations.extend(replay::check(evidence, &keys));
    violations.extend(invariants::check(evidence.rows));
    violations.extend(money::check(evidence.rows));
    violations.extend(purchases::check(evidence.rows));
    violations.extend(disputes::check(evidence));
    violations.extend(clocks::check(evidence));
    violations.extend(accepted::check(evidence, &keys));
    violations.extend(limbo::check(evidence, &keys));
    let incidents = evidence.incidents.iter();
    violations.extend(incidents.map(|i| Violation::of_state(Rule::Incident, i.0.clone())));
    violations
}
