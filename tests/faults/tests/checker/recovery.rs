//! How soon clients are served again after a fault.

use crate::books::Books;
use faults::nemesis::{Fault, Injection};
use faults::recovery::{after, bound, judge, losses, p99};
use serde_json::json;
use std::time::Duration;

const MS: u64 = 1000;

fn fault(fault: Fault, from_ms: u64, to_ms: u64) -> Injection {
    let (began_us, ended_us) = (from_ms * MS, to_ms * MS);
    Injection { fault, target: "it".to_owned(), began_us, ended_us, error: None }
}

/// A success that was asked for and answered at these times, beside one that is too early.
fn served(sent_ms: u64, answered_ms: u64) -> Books {
    let mut books = Books::empty();
    for key in ["early", "late"] {
        books.command(key, "/users", json!({"email": format!("{key}@example.com")}));
    }
    let last = books.history.last_mut().unwrap();
    (last.sent_us, last.answered_us) = (sent_ms * MS, answered_ms * MS);
    books
}

#[test]
fn the_first_success_that_was_asked_for_after_the_end_counts() {
    let faults = [fault(Fault::CutRedis, 100, 1000)];
    let took = |books: Books| after(&faults[0], &faults, &books.history);
    assert_eq!(took(served(1500, 1700)), Some(Duration::from_millis(700)));
    assert_eq!(took(served(999, 1700)), None);
}

#[test]
fn the_time_of_other_faults_does_not_count() {
    let all = |kind| [fault(Fault::CutRedis, 100, 1000), fault(kind, 1200, 1500)];
    let books = served(1600, 1700);
    for (kind, took) in [(Fault::KillPostgres, 400), (Fault::HoldRow, 700)] {
        let all = all(kind);
        let found = after(&all[0], &all, &books.history);
        assert_eq!(found, Some(Duration::from_millis(took)), "{kind:?}");
    }
}

#[test]
fn a_recovery_beyond_the_bound_is_an_incident() {
    let faults = [fault(Fault::SilenceRedis, 1, 1000)];
    let bound = u64::try_from(bound(Fault::SilenceRedis).as_millis()).unwrap();
    assert_eq!(judge(&faults, &served(1000, 1000 + bound).history), []);
    assert_eq!(judge(&faults, &served(1000, 1001 + bound).history).len(), 1);
}

#[test]
fn others_are_timed_while_the_fault_is_there() {
    let books = served(1600, 1700);
    let during = |from, to| p99(Fault::HoldRow, &[fault(Fault::HoldRow, from, to)], &books.history);
    assert_eq!(during(1500, 2000), Some(Duration::from_millis(100)));
    assert_eq!(during(2000, 3000), None);
}

#[test]
fn what_redis_loses_is_lost_only_if_postgres_could_not_be_told_of_it() {
    let lost = |others: &[Injection]| {
        let loss = fault(Fault::DemoteRedis, 60_000, 61_000);
        losses(&[&[loss], others].concat()).len()
    };
    assert_eq!(lost(&[]), 0);
    assert_eq!(lost(&[fault(Fault::KillWorker, 59_000, 60_500)]), 0);
    for (from, to, count) in [(1000, 29_000, 0), (1000, 31_000, 1), (60_500, 62_000, 1)] {
        assert_eq!(lost(&[fault(Fault::CutPostgres, from, to)]), count, "{from}");
    }
    assert_eq!(losses(&[fault(Fault::CutRedis, 1, 2), fault(Fault::CutPostgres, 1, 2)]), []);
}
