//! No subscription ends beyond the year 9999: RFC 3339 could not write it.

use crate::sample::{decide_at, plan, refused, working_set};
use crate::scene::{HELD, Holding, held};
use domain::{
    Change, Command, Gift, GiftId, Instant, Redeem, Refusal, Renew, Subscribe, Subscription,
    Success, WorkingSet,
};
use samples::{ALICE, BOB, at, gift};

/// From here one month ends in time, and two do not.
const LATE: &str = "9999-11-15T00:00:00Z";

fn late() -> Instant {
    at(LATE)
}

/// Alice's subscription, which began long ago and ends a month after `LATE`.
fn running() -> Subscription {
    Subscription {
        start_date: at("9998-12-31T00:00:00Z"),
        months: 11,
        end_date: at("9999-11-30T00:00:00Z"),
        ..held(Holding::Running)
    }
}

fn subscribe(months: u32) -> Command {
    Command::Subscribe(Subscribe {
        user_id: ALICE,
        plan: plan("monthly"),
        duration_months: Some(months),
    })
}

fn long_lived(months: u32) -> Change {
    Change::Gift(Gift { months, expires_at: at("9999-12-01T00:00:00Z"), ..gift(20) })
}

fn too_long(working_set: &WorkingSet, command: &Command) {
    assert_eq!(decide_at(working_set, command, late()), refused(Refusal::TermTooLong));
}

#[test]
fn a_subscription_that_would_end_too_late_does_not_begin() {
    too_long(&working_set([]), &subscribe(2));
    let found = decide_at(&working_set([]), &subscribe(1), late()).result;
    assert!(
        matches!(found, Ok(Success::Subscribed(s)) if s.end_date == at("9999-12-15T00:00:00Z"))
    );
}

#[test]
fn a_renewal_that_would_end_too_late_is_refused() {
    let working_set = working_set([Change::Subscription(running())]);
    let renew =
        |months| Command::Renew(Renew { subscription_id: HELD, duration_months: Some(months) });
    too_long(&working_set, &renew(2));
    let found = decide_at(&working_set, &renew(1), late()).result;
    assert!(matches!(found, Ok(Success::Renewed(s)) if s.end_date == at("9999-12-31T00:00:00Z")));
}

#[test]
fn a_gift_that_would_end_too_late_is_refused_and_not_consumed() {
    let redeem = Command::Redeem(Redeem { gift_id: GiftId::new(20), user_id: ALICE });
    too_long(&working_set([long_lived(2)]), &redeem);
    too_long(&working_set([Change::Subscription(running()), long_lived(2)]), &redeem);

    // It is worth as much to whom it does fit.
    let cancelled = running().cancelled(at("2026-06-10T00:00:00Z"));
    let working_set = working_set([Change::Subscription(cancelled), long_lived(1)]);
    assert!(decide_at(&working_set, &redeem, late()).result.is_ok());
}

#[test]
fn a_lapsed_subscription_stays_as_it_is_when_its_successor_would_end_too_late() {
    let lapsed = Subscription { end_date: at("9999-01-31T00:00:00Z"), months: 1, ..running() };
    too_long(&working_set([Change::Subscription(lapsed)]), &subscribe(2));
}

#[test]
fn months_beyond_counting_are_a_term_too_long_and_no_short_one() {
    let working_set = working_set([Change::Subscription(running())]);
    for months in [120, u32::MAX - 11, u32::MAX - 10, u32::MAX] {
        let renew = Command::Renew(Renew { subscription_id: HELD, duration_months: Some(months) });
        too_long(&working_set, &renew);
        let user_id = BOB;
        let plan = plan("monthly");
        too_long(
            &working_set,
            &Command::Subscribe(Subscribe { user_id, plan, duration_months: Some(months) }),
        );
    }
}
