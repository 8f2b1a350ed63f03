//! What the tests of commands are made of, beside the rows of `samples`.

use chrono::TimeDelta;
use domain::{
    Change, ClientId, Command, Context, Decision, Grant, GrantSource, Instant, NewIds, PlanCode,
    Refusal, SubscriptionId, UserId, WorkingSet, decide,
};
use samples::{ALICE, BOB, JOB, SHOP, now, user};

/// A client that has nothing to do with `SHOP`.
pub(crate) const RIVAL: ClientId = ClientId::new(101);

/// The user of `RIVAL`. Has the same email as Alice.
pub(crate) const EVE: UserId = UserId::new(3);
/// A user that no client has.
pub(crate) const NOBODY: UserId = UserId::new(99);

/// The id of whatever a command makes.
pub(crate) const NEW: i64 = 1000;

pub(crate) const GIFT_TTL: TimeDelta = TimeDelta::days(30);

pub(crate) fn plan(code: &str) -> PlanCode {
    PlanCode::parse(code).unwrap()
}

pub(crate) fn people() -> [Change; 3] {
    [
        Change::User(user(ALICE, SHOP, "Alice@example.com")),
        Change::User(user(BOB, SHOP, "bob@example.com")),
        Change::User(user(EVE, RIVAL, "alice@example.com")),
    ]
}

/// A working set of `people` and `rows`.
pub(crate) fn working_set(rows: impl IntoIterator<Item = Change>) -> WorkingSet {
    let mut working_set = WorkingSet::default();
    for row in people().into_iter().chain(rows) {
        working_set.apply(row);
    }
    working_set
}

pub(crate) fn grant(subscription: i64, source: GrantSource, months: u32) -> Grant {
    let subscription = SubscriptionId::new(subscription);
    Grant { subscription, source, months, job: JOB, granted_at: now() }
}

/// What comes of `command` of `SHOP` at `now`.
pub(crate) fn decide_at(working_set: &WorkingSet, command: &Command, now: Instant) -> Decision {
    decide_in(now, GIFT_TTL, working_set, command)
}

/// What comes of `command` of `SHOP` where gifts live that long.
pub(crate) fn decide_with(ttl: TimeDelta, working_set: &WorkingSet, command: &Command) -> Decision {
    decide_in(now(), ttl, working_set, command)
}

fn decide_in(
    now: Instant,
    gift_ttl: TimeDelta,
    working_set: &WorkingSet,
    command: &Command,
) -> Decision {
    let context = Context { now, client: SHOP, job: JOB, gift_ttl };
    let mut new_ids = NewIds::new(vec![NEW], vec![NEW], vec![NEW]);
    decide(working_set, &context, command, &mut new_ids)
}

/// What comes of `command` of `SHOP`.
pub(crate) fn decided(working_set: &WorkingSet, command: &Command) -> Decision {
    decide_at(working_set, command, now())
}

/// A refusal changes nothing.
pub(crate) fn refused(refusal: Refusal) -> Decision {
    Decision { changes: Vec::new(), result: Err(refusal) }
}
