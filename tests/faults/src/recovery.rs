//! Whether clients were served again soon after each fault, and how long others waited during it.
//! Pure: it looks at the history and the times of the faults.

use crate::checker::{Incident, Span};
use crate::history::{Exchange, Meaning, Phase};
use crate::nemesis::{Fault, Injection};
use std::time::Duration;

/// The product's bound: connections work again within this time.
const CONNECTIONS: Duration = Duration::from_secs(5);

/// What is added because clients, stores and compilers share the machine with the product.
const SHARED_MACHINE: Duration = Duration::from_secs(10);

/// What others wait once for a locked row, beside that.
const LOCKED_ROW: Duration = Duration::from_secs(6);

/// The time after a fault of Postgres in which an api may still rest what it accepts on Redis.
const UNNOTED: Duration = Duration::from_secs(30);

/// The times in which Redis may have lost jobs that had been accepted: only those that Postgres was
/// too troubled to be told of are not kept there.
#[must_use]
pub fn losses(all: &[Injection]) -> Vec<Span> {
    let troubled = |loss: &Injection| {
        let from_us = loss.began_us.saturating_sub(u64::try_from(UNNOTED.as_micros()).unwrap_or(0));
        let before = Span { from_us, to_us: loss.ended_us };
        all.iter().any(|other| other.fault.troubles_postgres() && other.span().meets(before))
    };
    let lost = all.iter().filter(|injection| injection.fault.loses_redis());
    lost.filter(|loss| troubled(loss)).map(Injection::span).collect()
}

/// The time from the end of a fault within which a request must have succeeded.
#[must_use]
pub fn bound(fault: Fault) -> Duration {
    let own = match fault {
        Fault::HoldRow | Fault::LongLock | Fault::Deadlock => LOCKED_ROW,
        _ => CONNECTIONS,
    };
    own + SHARED_MACHINE
}

/// The time from the end of a fault to the first success that was asked for after it, without the
/// time in which other faults were there. `None` when the campaign ended before.
#[must_use]
pub fn after(injection: &Injection, all: &[Injection], history: &[Exchange]) -> Option<Duration> {
    let succeeded = |exchange: &&Exchange| {
        exchange.sent_us >= injection.ended_us && exchange.meaning() == Meaning::Outcome
    };
    // The history is in the order of the answers.
    let later = history.partition_point(|exchange| exchange.answered_us < injection.ended_us);
    let first = history.get(later..)?.iter().find(succeeded)?;
    let waited = Span { from_us: injection.ended_us, to_us: first.answered_us };
    Some(Duration::from_micros(calm(waited, all)))
}

/// The microseconds of a time in which no fault was there that can stop everybody.
fn calm(time: Span, all: &[Injection]) -> u64 {
    let mut troubled: Vec<Span> =
        all.iter().filter(|other| other.fault.stops_all()).map(Injection::span).collect();
    troubled.sort_by_key(|span| span.from_us);
    let (mut at, mut calm) = (time.from_us, 0);
    for span in troubled.into_iter().filter(|span| span.meets(time)) {
        calm += span.from_us.saturating_sub(at);
        at = at.max(span.to_us);
    }
    calm + time.to_us.saturating_sub(at)
}

/// The 99th percentile of the time that answers took which were asked for while faults of a kind
/// were there.
#[must_use]
pub fn p99(fault: Fault, all: &[Injection], history: &[Exchange]) -> Option<Duration> {
    let of_kind = || all.iter().filter(|injection| injection.fault == fault).map(Injection::span);
    let during = |exchange: &&Exchange| {
        let sent = Span { from_us: exchange.sent_us, to_us: exchange.sent_us };
        exchange.phase == Phase::Load && of_kind().any(|span| span.meets(sent))
    };
    let answered = history.iter().filter(|exchange| exchange.reply.is_some()).filter(during);
    let mut took: Vec<u64> = answered.map(|e| e.answered_us - e.sent_us).collect();
    took.sort_unstable();
    let place = took.len().checked_sub(1)? * 99 / 100;
    took.get(place).copied().map(Duration::from_micros)
}

/// Every fault after which nobody was served within its bound.
#[must_use]
pub fn judge(all: &[Injection], history: &[Exchange]) -> Vec<Incident> {
    let late = |injection: &Injection| {
        let (took, bound) = (after(injection, all, history)?, bound(injection.fault));
        let Injection { fault, target, .. } = injection;
        let text = || format!("{fault:?} of {target}: served again after {took:?}, not {bound:?}");
        (took > bound).then(|| Incident(text()))
    };
    all.iter().filter_map(late).collect()
}
