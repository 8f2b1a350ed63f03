//! The rule of replay: the command log, replayed through the pure core in the order of its
//! positions, gives every answer and every row.

use super::evidence::{Evidence, LogRow, Rows};
use super::keys::Keys;
use super::{Rule, Violation};
use crate::nemesis::age;
use contract::view::{GiftView, SubscriptionView};
use domain::{
    Change, Changes, ClientId, Context, GiftId, GiftState, NewIds, Operation, SubscriptionId,
    SubscriptionState, Success, WorkingSet, decide,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;

pub(super) fn check(evidence: &Evidence<'_>, keys: &Keys<'_>) -> Vec<Violation> {
    let mut log: Vec<_> = evidence.rows.log.iter().collect();
    log.sort_by_key(|row| row.position);
    let mut books = Books { gift_ttl_days: evidence.gift_ttl_days, ..Books::default() };
    for row in log {
        if row.client == ClientId::SYSTEM {
            books.system(row);
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
        let detail = format!("the core says {expected}, the command log {status} {body}");
        self.violations.push(Violation::of_key(Rule::ReplayDiffers, &row.key, detail));
    }

    fn command(&mut self, row: &LogRow, command: &domain::Command) {
        let context = Context {
            now: row.finished_at,
            client: row.client,
            job: row.job,
            gift_ttl: days(self.gift_ttl_days),
        };
        let made = made(row);
        let mut new_ids = NewIds::new(vec![made], vec![made], vec![made]);
        let decision = decide(&self.working_set, &context, command, &mut new_ids);
        let answer = contract::answer(row.job, &decision.result, row.finished_at);
        let entity = decision.result.as_ref().ok().map(Success::entity);
        if answer != row.answer || entity != row.entity {
            self.differs(row, &format!("{} {}", answer.status, answer.body));
        }
        for change in decision.changes {
            self.put(change);
        }
    }

    /// Replays a change by a sweep or by the nemesis.
    fn system(&mut self, row: &LogRow) {
        let id = row.entity.unwrap_or_default();
        let changed = match Operation::parse(&row.operation) {
            Some(Operation::ExpireSubscription) => self.expire_subscription(row, id),
            Some(Operation::ExpireGift) => self.expire_gift(row, id),
            _ => age::replay(row, &self.changes),
        };
        match changed {
            Some(change) => self.put(change),
            None => self.differs(row, "that nothing was due"),
        }
    }

    fn expire_subscription(&self, row: &LogRow, id: i64) -> Option<Change> {
        let found = self.changes.subscriptions.get(&SubscriptionId::new(id))?;
        let due = found.state == SubscriptionState::Active && found.end_date <= row.finished_at;
        let expired = found.expired(row.finished_at);
        let view = SubscriptionView::at(&expired, row.finished_at);
        let said = serde_json::to_string(&view).ok()? == row.answer.body;
        (due && said).then_some(Change::Subscription(expired))
    }

    fn expire_gift(&self, row: &LogRow, id: i64) -> Option<Change> {
        let found = self.changes.gifts.get(&GiftId::new(id))?;
        let due = found.state == GiftState::Pending && found.expires_at <= row.finished_at;
        let expired = domain::Gift { state: GiftState::Expired, ..found.clone() };
        let view = GiftView::at(&expired, row.finished_at);
        let said = serde_json::to_string(&view).ok()? == row.answer.body;
        (due && said).then_some(Change::Gift(expired))
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

fn days(days: u32) -> chrono::TimeDelta {
    chrono::TimeDelta::days(days.into())
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
