//! A subscription that waits behind another: what can be done with it, and what with the others.

use chrono::TimeDelta;
use domain::{
    Cancel, Change, Command, Extend, Instant, Pause, Refusal, Renew, Resume, SetAutoRenew,
    Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus, Uncancel, WorkingSet,
};
use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::select;
use proptest::{option, prop_assert, prop_assert_eq};
use samples::{
    ALICE, HELD, Holding, SHOP, at, decided, decided_at, held, now, refused, subscribe,
    subscription_of, waiting, working_set,
};

const WAITING: SubscriptionId = SubscriptionId::new(11);

fn rows(running: &Subscription) -> WorkingSet {
    let rows = [running.clone(), waiting(11, "gold", 2), waiting(12, "silver", 1)];
    working_set(rows.map(Change::Subscription))
}

/// Every command that changes what runs, but for a cancellation at once.
fn changing(subscription_id: SubscriptionId) -> Vec<Command> {
    let reason = "an outage".to_owned();
    vec![
        Renew { subscription_id, duration_months: Some(1) }.into(),
        Cancel { subscription_id, at_period_end: true }.into(),
        SetAutoRenew { subscription_id, auto_renew: true }.into(),
        Pause { subscription_id, resume_at: None }.into(),
        Extend { subscription_id, months: 1, reason }.into(),
    ]
}

#[test]
fn one_that_waits_can_only_be_cancelled_at_once() {
    let rows = rows(&held(Holding::Running));
    let current = SubscriptionStatus::Scheduled;
    for command in changing(WAITING) {
        let refusal = Refusal::SubscriptionNotActive { current };
        assert_eq!(decided(&rows, command.clone()), refused(ALICE, refusal), "{command:?}");
    }
    let found = decided(&rows, Uncancel { subscription_id: WAITING });
    assert_eq!(found, refused(ALICE, Refusal::NotCancelling));
    let found = decided(&rows, Resume { subscription_id: WAITING });
    assert_eq!(found, refused(ALICE, Refusal::SubscriptionNotPaused { current }));
    let cancel = Cancel { subscription_id: WAITING, at_period_end: false };
    assert!(decided(&rows, cancel).outcome.success().is_some());
}

/// No worker has marked that the first has ended.
#[test]
fn one_that_has_begun_can_be_changed_and_the_one_before_it_is_marked_first() {
    let over = Subscription { auto_renew: true, ..held(Holding::Running) };
    let (rows, later) = (rows(&over), over.end_date + TimeDelta::minutes(1));
    for command in changing(WAITING) {
        let found = decided_at(&rows, command.clone(), later);
        let changed = subscription_of(&found);
        assert_eq!((changed.id, changed.start_date), (WAITING, over.end_date), "{command:?}");
        let marked = over.expired(later);
        assert_eq!(found.changes.first(), Some(&Change::Subscription(marked)), "{command:?}");
    }
    let current = SubscriptionStatus::Expired;
    for command in changing(HELD) {
        let refusal = Refusal::SubscriptionNotActive { current };
        assert_eq!(decided_at(&rows, command, later), refused(ALICE, refusal));
    }
}

#[test]
fn one_that_has_begun_stands_in_the_way_of_another_until_the_last_has_ended() {
    let rows = rows(&held(Holding::Running));
    let last_end = at("2026-10-30T08:00:00Z");
    for (now, id, end_date) in [
        (now(), 10, "2026-07-31T08:00:00Z"),
        (at("2026-08-01T00:00:00Z"), 11, "2026-09-30T08:00:00Z"),
        (last_end - TimeDelta::microseconds(1), 12, "2026-10-30T08:00:00Z"),
    ] {
        let (subscription, end_date) = (SubscriptionId::new(id), at(end_date));
        let refusal = Refusal::AlreadySubscribed { subscription, end_date };
        let found = decided_at(&rows, subscribe(ALICE, "monthly", None), now);
        assert_eq!(found, refused(ALICE, refusal));
    }
    let found = decided_at(&rows, subscribe(ALICE, "monthly", None), last_end);
    let written = found.changes.iter().filter_map(|change| match change {
        Change::Subscription(row) => Some((row.id.get(), row.state.status())),
        _ => None,
    });
    let written: Vec<_> = written.collect();
    let expired = SubscriptionStatus::Expired;
    let begun = (subscription_of(&found).id.get(), SubscriptionStatus::Active);
    assert_eq!(written, [(10, expired), (11, expired), (12, expired), begun]);
}

#[test]
fn what_runs_is_not_prolonged_beyond_what_lets_the_others_end_in_time() {
    let end_date = at("9999-08-31T00:00:00Z");
    let anchor = at("9999-06-30T00:00:00Z");
    let late = Subscription { anchor, end_date, ..held(Holding::Running) };
    let renew = |months| Renew { subscription_id: HELD, duration_months: Some(months) };
    let found = decided(&rows(&late), renew(2));
    assert_eq!(found, refused(ALICE, Refusal::TermTooLong));
    assert!(decided(&rows(&late), renew(1)).outcome.success().is_some());
    let alone = working_set([Change::Subscription(late)]);
    assert!(decided(&alone, renew(2)).outcome.success().is_some());
}

fn states() -> impl Strategy<Value = SubscriptionState> {
    let (asked, resume_at) = (at("2026-06-12T00:00:00Z"), at("2026-07-20T00:00:00Z"));
    select(vec![
        SubscriptionState::Active,
        SubscriptionState::Cancelling { at: asked },
        SubscriptionState::PastDue,
        SubscriptionState::Paused { at: asked, resume_at: None },
        SubscriptionState::Paused { at: asked, resume_at: Some(resume_at) },
    ])
}

/// From June 2026 on, for two years.
fn instants() -> impl Strategy<Value = Instant> {
    (0..63_072_000_i64).prop_map(|seconds| now() + TimeDelta::seconds(seconds))
}

proptest! {
    /// So nobody subscribes while one waits.
    #[test]
    fn while_one_waits_exactly_one_is_live(
        state in states(),
        auto_renew in any::<bool>(),
        behind in option::of(1..=24_u32),
        now in instants(),
    ) {
        let running = Subscription { state, auto_renew, ..held(Holding::Running) };
        let behind = behind.map(|months| waiting(12, "silver", months));
        let rows = [running, waiting(11, "gold", 2)].into_iter().chain(behind);
        let rows = working_set(rows.map(Change::Subscription));
        let line = rows.line(ALICE).at(now);
        let live: Vec<_> = line.iter().filter(|row| row.state.status().is_live()).collect();
        prop_assert!(live.len() <= 1, "{:?}", line);
        let waits = line.iter().any(|row| row.state == SubscriptionState::Scheduled);
        prop_assert_eq!(waits && live.is_empty(), false, "{:?}", line);
        let found = decided_at(&rows, subscribe(ALICE, "monthly", None), now);
        prop_assert_eq!(found.outcome.success().is_some(), live.is_empty());
        for row in &line {
            prop_assert_eq!((row.user, row.client), (ALICE, SHOP));
        }
    }
}

/// Grace is shorter than the shortest month, so that a month that makes a failed renewal good
/// never ends in the past.
#[test]
fn a_month_from_the_old_end_is_longer_than_any_grace() {
    let first = at("2024-01-31T00:00:00Z");
    for days in 0..1_461 {
        let anchor = first + TimeDelta::days(days);
        for months in 0..14 {
            let [end, next] = [months, months + 1]
                .map(|months| domain::calendar::add_months(anchor, months).unwrap());
            assert!(next - end > TimeDelta::days(27), "{anchor} {months}");
        }
    }
}
