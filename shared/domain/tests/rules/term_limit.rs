//! No subscription ends beyond the year 9999: RFC 3339 could not write it.

use domain::{
    Change, Command, Gift, Instant, Redeem, Refusal, Renew, Subscribe, Subscription, UserId,
    WorkingSet,
};
use samples::{
    ALICE, BOB, HELD, Holding, SENT, Sent, at, decided_at, held, redeem, refused, sent,
    subscription_of, working_set,
};

/// From here one month ends in time, and two do not.
const LATE: &str = "9999-11-15T00:00:00Z";

fn late() -> Instant {
    at(LATE)
}

/// Alice's subscription, which began long ago and ends a month after `LATE`.
fn running() -> Subscription {
    Subscription {
        start_date: at("9998-12-31T00:00:00Z"),
        anchor: at("9998-12-31T00:00:00Z"),
        months: 11,
        anchor_months: 11,
        end_date: at("9999-11-30T00:00:00Z"),
        ..held(Holding::Running)
    }
}

fn subscribe(user_id: UserId, months: u32) -> Subscribe {
    samples::subscribe(user_id, "monthly", Some(months))
}

const fn renew(months: u32) -> Renew {
    Renew { subscription_id: HELD, duration_months: Some(months) }
}

const REDEEM: Redeem = redeem(SENT, ALICE);

fn long_lived(months: u32) -> Change {
    Change::Gift(Gift { months, expires_at: at("9999-12-01T00:00:00Z"), ..sent(Sent::Pending) })
}

#[track_caller]
fn too_long(working_set: &WorkingSet, user: UserId, command: impl Into<Command>) {
    let found = decided_at(working_set, command, late());
    assert_eq!(found, refused(user, Refusal::TermTooLong));
}

#[test]
fn a_subscription_that_would_end_too_late_does_not_begin() {
    too_long(&working_set([]), ALICE, subscribe(ALICE, 2));
    let found = decided_at(&working_set([]), subscribe(ALICE, 1), late());
    assert_eq!(subscription_of(&found).end_date, at("9999-12-15T00:00:00Z"));
}

#[test]
fn a_renewal_that_would_end_too_late_is_refused() {
    let working_set = working_set([Change::Subscription(running())]);
    too_long(&working_set, ALICE, renew(2));
    let found = decided_at(&working_set, renew(1), late());
    assert_eq!(subscription_of(&found).end_date, at("9999-12-31T00:00:00Z"));
}

#[test]
fn a_gift_that_would_end_too_late_is_refused_and_not_consumed() {
    too_long(&working_set([long_lived(2)]), ALICE, REDEEM);
    too_long(&working_set([Change::Subscription(running()), long_lived(2)]), ALICE, REDEEM);

    // It is worth as much to whom it does fit.
    let cancelled = running().cancelled(at("2026-06-10T00:00:00Z"));
    let working_set = working_set([Change::Subscription(cancelled), long_lived(1)]);
    assert!(decided_at(&working_set, REDEEM, late()).outcome.success().is_some());
}

#[test]
fn a_lapsed_subscription_stays_as_it_is_when_its_successor_would_end_too_late() {
    let lapsed = Subscription { end_date: at("9999-01-31T00:00:00Z"), months: 1, ..running() };
    too_long(&working_set([Change::Subscription(lapsed)]), ALICE, subscribe(ALICE, 2));
}

#[test]
fn months_beyond_counting_are_a_term_too_long_and_no_short_one() {
    let working_set = working_set([Change::Subscription(running())]);
    for months in [120, u32::MAX - 11, u32::MAX - 10, u32::MAX] {
        too_long(&working_set, ALICE, renew(months));
        too_long(&working_set, BOB, subscribe(BOB, months));
    }
}
