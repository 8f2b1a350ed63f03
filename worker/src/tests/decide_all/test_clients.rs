//! Clients of one batch are decided each at its own time.

use super::sample::working_set;
use crate::apply::decide_all;
use crate::tests::attempts::{POLICY, admitted, attempt_of};
use domain::{DrawnIds, LogEntry, NewIds, TestClock};
use samples::{RIVAL, SHOP, at, now};
use std::collections::HashMap;
use store::BatchContext;
use support::commands::create_user;

#[test]
fn a_test_client_is_decided_by_its_clock_and_its_neighbours_by_the_real_time() {
    let clock = TestClock { client: RIVAL, now: at("2001-01-31T00:00:00Z"), advance: None };
    let mut rows = working_set();
    rows.add_test_clock(clock);
    let attempts =
        [SHOP, RIVAL, SHOP].map(|client| attempt_of(client, "key", create_user("carol@a.org")));
    let context = BatchContext {
        now: now(),
        decided: HashMap::new(),
        accepted: HashMap::new(),
        new_ids: NewIds::new(DrawnIds { users: vec![1000, 1001, 1002], ..DrawnIds::default() }),
    };
    let decided = decide_all(rows, &attempts, context, POLICY);

    let times = decided.new_entries.iter();
    let finished = |entry: &LogEntry| entry.answered.as_ref().unwrap().at;
    let times = times.map(|entry| (entry.submitted_at, entry.decided_at, finished(entry)));
    let expected = [(admitted(), now(), now()), (admitted(), clock.now, clock.now)];
    assert_eq!(times.collect::<Vec<_>>(), expected, "a twin is decided once");
    let made = decided.changes.users.values().map(|user| user.created_at);
    assert_eq!(made.collect::<Vec<_>>(), [now(), clock.now]);
    let latencies = decided.outcomes.iter().map(|outcome| outcome.latency);
    assert_eq!(latencies.collect::<Vec<_>>(), [Some(now() - admitted()), None]);
}
