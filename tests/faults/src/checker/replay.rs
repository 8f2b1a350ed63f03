//! The rule of replay: the command log, replayed through the pure core in the order of its
//! positions, gives every answer and every row.

use super::evidence::{Evidence, LogRow, Rows};
use super::keys::Keys;
use super::new_ids::KnownIds;
use super::{Rule, Violation};
use crate::nemesis::age;
use domain::{
    Change, Changes, ClientId, Context, Decision, Instant, InternalCommand, JobId, Outcome,
    Provider, Settles, TestClock, Transfer, UserId, WorkingSet, decide, decide_internal,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let mut log: Vec<_> = evidence.rows.log.iter().collect();
    log.sort_by_key(|row| row.position);
    let mut books = Books {
        gift_ttl_days: evidence.gift_ttl_days,
        ids: KnownIds::of(evidence.rows),
        ..Books::default()
    };
    for plan in &evidence.rows.plans {
        books.working_set.apply(Change::Plan(plan.clone()));
    }
    books.test_clients = evidence.rows.clocks.iter().map(|clock| clock.client).collect();
    for row in log {
        books.set_clock(row);
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
    books.unsettled();
    books.violations.extend(differences(&books.changes, evidence.rows));
    books.violations
}

#[derive(Default)]
struct Books {
    working_set: WorkingSet,
    changes: Changes,
    violations: Vec<Violation>,
    gift_ttl_days: u32,
    test_clients: BTreeSet<ClientId>,
    /// The rows whose commands have begun, and that wait for their answers.
    waiting: BTreeMap<JobId, LogRow>,
    /// The jobs that waited and have their answer. What comes after that changes no answer.
    answered: BTreeSet<JobId>,
    ids: KnownIds,
}

impl Books {
    fn put(&mut self, change: Change) {
        self.working_set.apply(change.clone());
        self.changes.push(change);
    }

    fn differs(&mut self, row: &LogRow, expected: &str) {
        let (told, LogRow { entity, user, .. }) = (row.told(), row);
        let detail =
            format!("the core says {expected}, the command log {told} of {entity:?} for {user:?}");
        self.violations.push(Violation::of_key(Rule::ReplayDiffers, &row.key, detail));
    }

    fn context(&self, row: &LogRow) -> Context {
        let gift_ttl = chrono::TimeDelta::days(self.gift_ttl_days.into());
        let provider = Some(Provider::Simulated);
        Context { now: row.decided_at, client: row.client, job: row.job, gift_ttl, provider }
    }

    /// A test client lives at the time at which its command was decided: its clock moves by itself
    /// on the way of an advance.
    fn set_clock(&mut self, row: &LogRow) {
        if self.test_clients.contains(&row.client) {
            let (client, now) = (row.client, row.decided_at);
            let advance = self.working_set.test_clock(client).and_then(|clock| clock.advance);
            self.put(Change::Clock(TestClock { client, now, advance }));
        }
    }

    fn command(&mut self, row: &LogRow, command: &domain::Command) {
        let mut new_ids = self.ids.of_job(row);
        let decision = decide(&self.working_set, &self.context(row), command, &mut new_ids);
        self.decided(row, decision);
    }

    /// Replays what was due. The row of the command log says all of it: input and time.
    fn internal(&mut self, row: &LogRow) {
        let command = row.input.as_deref().map(serde_json::from_str::<InternalCommand>);
        let Some(Ok(command)) = command else {
            return self.differs(row, "that there is no such command");
        };
        let (context, mut new_ids) = (self.context(row), self.ids.of_job(row));
        match decide_internal(&self.working_set, &context, &command, &mut new_ids) {
            Some(decision) => self.decided(row, decision),
            None => self.differs(row, "that nothing was due"),
        }
    }

    /// Replays a change by the nemesis.
    fn nemesis(&mut self, row: &LogRow) {
        let changes = age::replay(row, &self.changes);
        if changes.is_empty() {
            self.differs(row, "that there is no such row");
        }
        for change in changes {
            self.put(change);
        }
    }

    /// Compares a decision with the row of the command log, and makes its changes.
    fn decided(&mut self, row: &LogRow, decision: Decision) {
        let Decision { changes, user, outcome, settles, .. } = decision;
        match &outcome {
            Outcome::Done(_) => self.compare(row, row.job, &outcome, (user, row.decided_at)),
            Outcome::Pending => {
                if user != row.user {
                    self.differs(row, &format!("that it is about {user:?}"));
                }
                self.waiting.insert(row.job, row.clone());
            }
        }
        if let Some(Settles { job, result }) = settles {
            match self.waiting.remove(&job) {
                Some(waiting) => {
                    let told = Outcome::Done(result);
                    self.compare(&waiting, job, &told, (waiting.user, row.decided_at));
                    self.answered.insert(job);
                }
                None if self.answered.contains(&job) => {}
                None => self.differs(row, &format!("that job {job} waits for nothing")),
            }
        }
        for change in changes {
            self.put(change);
        }
    }
}

impl Books {
    /// Compares an outcome with a row of the command log.
    fn compare(
        &mut self,
        row: &LogRow,
        job: JobId,
        outcome: &Outcome,
        (user, at): (Option<UserId>, Instant),
    ) {
        let answer = contract::answered(job, outcome, at).map(|answered| answered.answer);
        let entity = outcome.entity_id();
        if (&answer, entity, user) != (&row.answer, row.entity, row.user) {
            let told = LogRow { answer, ..row.clone() }.told();
            self.differs(row, &format!("{told} of {entity:?} for {user:?}"));
        }
    }

    /// What still waits has no answer.
    fn unsettled(&mut self) {
        for row in std::mem::take(&mut self.waiting).into_values() {
            if row.answer.is_some() {
                self.differs(&row, "that nothing has answered it");
            }
        }
    }
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
    let clocks = found.clocks.iter().map(|clock| (clock.client, *clock));
    let moved = clocks.filter(|(client, _)| made.clocks.contains_key(client)).collect();
    compare("test clock of", &made.clocks, &moved, &mut violations);
    let grants = found.grants.iter().map(|row| (row.id, row.clone())).collect();
    compare("grant", &made.grants, &grants, &mut violations);
    let payments = found.payments.iter().map(|row| (row.id, row.clone())).collect();
    compare("payment", &made.payments, &payments, &mut violations);
    let methods = found.methods.iter().map(|row| (row.id, row.clone())).collect();
    compare("payment method", &made.methods, &methods, &mut violations);
    let refunds = found.refunds.iter().map(|row| (row.id, row.clone())).collect();
    compare("refund", &made.refunds, &refunds, &mut violations);
    // The rows of a ledger have no ids that a decision knows.
    let (made, found) = (by_job(&made.transfers), by_job(&found.transfers));
    compare("transfers of", &made, &found, &mut violations);
    violations
}

/// Transfers by the jobs that made them, in an order that follows from what they are.
fn by_job(transfers: &[Transfer]) -> BTreeMap<JobId, Vec<Transfer>> {
    let mut of_jobs = BTreeMap::<_, Vec<_>>::new();
    for transfer in transfers {
        of_jobs.entry(transfer.job).or_default().push(transfer.clone());
    }
    for transfers in of_jobs.values_mut() {
        transfers.sort_by_key(|transfer| (transfer.debit, transfer.credit, transfer.amount));
    }
    of_jobs
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
