//! The rule of replay: the command log, replayed through the pure core in the order of its
//! positions, gives every answer and every row.

use super::evidence::{Evidence, LogRow, Rows};
use super::keys::Keys;
use super::{Rule, Violation};
use crate::nemesis::age;
use domain::{
    Change, Changes, Context, Decision, InternalCommand, NewIds, Operation, WorkingSet, decide,
    decide_internal,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let mut log: Vec<_> = evidence.rows.log.iter().collect();
    log.sort_by_key(|row| row.position);
    let mut books = Books { gift_ttl_days: evidence.gift_ttl_days, ..Books::default() };
    for plan in &evidence.rows.plans {
        books.working_set.apply(Change::Plan(plan.clone()));
    }
    for row in log {
        if row.is_of_nemesis() {
            books.nemesis(row);
        } else if row.is_internal() {
            books.internal(row);
        } else if let Some(command) = keys
            .get(&row.key)
            .and_then(|known| known.asked(row.fingerprint))
            .and_then(|submission| submission.command())
        {
            books.command(row, &command);
        }
    }
    books.violations.extend(differences(&books.changes, evidence.rows));
    books.violations
}

#[derive(Default)]
struct Books {
    working_set: WorkingSet,
    changes: Changes,
    violations: Vec<Violation>,
    gift_ttl_days: u32,
}

impl Books {
    fn put(&mut self, change: Change) {
        self.working_set.apply(change.clone());
        self.changes.push(change);
    }

    fn differs(&mut self, row: &LogRow, expected: &str) {
        let (status, body) = (row.answer.status, &row.answer.body);
        let detail = format!(
            "the core says {expected}, the command log {status} {body} of {:?} for {:?}",
            row.entity, row.user
        );
        self.violations.push(Violation::of_key(Rule::ReplayDiffers, &row.key, detail));
    }

    fn context(&self, row: &LogRow) -> Context {
        let gift_ttl = chrono::TimeDelta::days(self.gift_ttl_days.into());
        Context { now: row.decided_at, client: row.client, job: row.job, gift_ttl }
    }

    fn command(&mut self, row: &LogRow, command: &domain::Command) {
        let made = made(row);
        let mut new_ids = NewIds::new(vec![made], vec![made], vec![made]);
        let decision = decide(&self.working_set, &self.context(row), command, &mut new_ids);
        self.decided(row, decision);
    }

    /// Replays what was due. The row of the command log says all of it: input and time.
    fn internal(&mut self, row: &LogRow) {
        let command = row.input.as_deref().map(serde_json::from_str::<InternalCommand>);
        let Some(Ok(command)) = command else {
            return self.differs(row, "that there is no such command");
        };
        match decide_internal(&self.working_set, &self.context(row), &command) {
            Some(decision) => self.decided(row, decision),
            None => self.differs(row, "that nothing was due"),
        }
    }

    /// Replays a change by the nemesis.
    fn nemesis(&mut self, row: &LogRow) {
        match age::replay(row, &self.changes) {
            Some(change) => self.put(change),
            None => self.differs(row, "that there is no such row"),
        }
    }

    /// Compares a decision with the row of the command log, and makes its changes.
    fn decided(&mut self, row: &LogRow, Decision { changes, user, result }: Decision) {
        let answer = contract::answer(row.job, &result, row.decided_at);
        let entity = result.as_ref().ok().map(|success| success.entity().id());
        if (&answer, entity, user) != (&row.answer, row.entity, row.user) {
            let (status, body) = (answer.status, answer.body);
            self.differs(row, &format!("{status} {body} of {entity:?} for {user:?}"));
        }
        for change in changes {
            self.put(change);
        }
    }
}

/// The id of the row that a command made: its entity, or for a redemption the subscription in its
/// answer.
fn made(row: &LogRow) -> i64 {
    let body = || serde_json::from_str::<Value>(&row.answer.body).ok();
    let id = if row.operation == Operation::Redeem.as_str() {
        body().and_then(|body| body.get("subscription_id")?.as_i64())
    } else {
        row.entity
    };
    id.unwrap_or_default()
}

/// The differences between the rows in Postgres and the rows that the command log makes.
fn differences(made: &Changes, found: &Rows) -> Vec<Violation> {
    let mut violations = Vec::new();
    let users = found.users.iter().map(|row| (row.id, row.clone())).collect();
    compare("user", &made.users, &users, &mut violations);
    let subscriptions = found.subscriptions.iter().map(|row| (row.id, row.clone())).collect();
    compare("subscription", &made.subscriptions, &subscriptions, &mut violations);
    let gifts = found.gifts.iter().map(|row| (row.id, row.clone())).collect();
    compare("gift", &made.gifts, &gifts, &mut violations);
    let due = made.subscriptions.values().filter_map(|s| Some((s.id, s.due_at()?))).collect();
    compare("due_at of subscription", &due, &found.due_subscriptions, &mut violations);
    let due = made.gifts.values().filter_map(|gift| Some((gift.id, gift.due_at()?))).collect();
    compare("due_at of gift", &due, &found.due_gifts, &mut violations);
    let by_job = |grants: &[domain::Grant]| {
        let mut of_jobs = BTreeMap::<_, Vec<_>>::new();
        for grant in grants {
            of_jobs.entry(grant.job).or_default().push(grant.clone());
        }
        of_jobs
    };
    compare("grants of", &by_job(&made.grants), &by_job(&found.grants), &mut violations);
    violations
}

fn compare<Id: Ord + Debug, Row: PartialEq + Debug>(
    what: &str,
    made: &BTreeMap<Id, Row>,
    found: &BTreeMap<Id, Row>,
    violations: &mut Vec<Violation>,
) {
    for (id, row) in made {
        let (rule, detail) = match found.get(id) {
            None => (Rule::RowMissing, format!("{what} {id:?}: the command log makes {row:?}")),
            Some(is) if is != row => (
                Rule::RowDiffers,
                format!("{what} {id:?} is {is:?}; the command log makes {row:?}"),
            ),
            Some(_) => continue,
        };
        violations.push(Violation::of_state(rule, detail));
    }
    for (id, row) in found.iter().filter(|(id, _)| !made.contains_key(id)) {
        let detail = format!("{what} {id:?} is {row:?}; the command log knows nothing of it");
        violations.push(Violation::of_state(Rule::RowDiffers, detail));
    }
}
