//! A small campaign by hand: what a faultless product would have written and answered.

use domain::{
    Answer, Change, Changes, ClientId, Context, Decision, DrawnIds, Fingerprint, IdempotencyKey,
    Instant, InternalCommand, JobId, NewIds, Origin, Outcome, Plan, Provider, Settles, WorkingSet,
    decide, decide_internal, internal_job_id, job_id,
};
use faults::checker::{self, Evidence, Incident, Leftovers, LogRow, Rows, Rule, Span};
use faults::history::{Exchange, Phase, Reply, Request, Submission};
use serde_json::{Value, json};
use std::sync::Arc;

/// Everything that the checker is given.
pub(crate) struct Books {
    pub(crate) history: Vec<Exchange>,
    pub(crate) rows: Rows,
    pub(crate) leftovers: Leftovers,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) losses: Vec<Span>,
    /// Whose commands are decided.
    pub(crate) owner: ClientId,
    working_set: WorkingSet,
    changes: Changes,
    clock_us: u64,
}

impl Books {
    pub(crate) fn empty() -> Self {
        let plans: Vec<_> = samples::built_in_plans(ClientId::LOCAL).collect();
        let mut working_set = WorkingSet::default();
        plans.iter().cloned().for_each(|plan| working_set.apply(Change::Plan(plan)));
        Self {
            history: Vec::new(),
            rows: Rows { plans, ..Rows::default() },
            leftovers: Leftovers::default(),
            incidents: Vec::new(),
            losses: Vec::new(),
            owner: ClientId::LOCAL,
            working_set,
            changes: Changes::default(),
            clock_us: 0,
        }
    }

    /// Adds a plan of the local client.
    pub(crate) fn sells(&mut self, plan: Plan) {
        let plan = Plan { client: ClientId::LOCAL, ..plan };
        self.working_set.apply(Change::Plan(plan.clone()));
        self.rows.plans.push(plan);
    }

    /// Two users; one subscribes, renews, gives; the other redeems. Everything once, and well.
    pub(crate) fn good() -> Self {
        let mut books = Self::empty();
        books.command("ann", "/users", json!({"email": "ann@example.com"}));
        books.command("bob", "/users", json!({"email": "bob@example.com"}));
        books.command("sub", "/subscribe", json!({"plan": "monthly", "user_id": 1}));
        books.command("renew", "/renew", json!({"duration_months": 2, "subscription_id": 3}));
        let gift =
            json!({"duration_months": 3, "gifter_id": 1, "recipient_email": "bob@example.com"});
        books.command("gift", "/gift", gift);
        books.command("redeem", "/gift/redeem", json!({"gift_id": 5, "user_id": 2}));
        books.command("again", "/gift/redeem", json!({"gift_id": 5, "user_id": 2}));
        books.command("unknown", "/subscribe", json!({"plan": "golden", "user_id": 1}));
        books.command("retire", "/plans/golden/retire", json!({}));
        books.command("cancel", "/cancel", json!({"subscription_id": 3}));
        books
    }

    /// The time of the campaign, which passes at each look.
    pub(crate) fn tick(&mut self) -> u64 {
        self.clock_us += 1000;
        self.clock_us
    }

    pub(crate) fn now(&self) -> Instant {
        let us = 1_800_000_000_000_000 + i64::try_from(self.clock_us).unwrap();
        Instant::from_timestamp_micros(us).unwrap()
    }

    /// Decides a command as the product would, and tells its client. New ids are positions.
    pub(crate) fn command(&mut self, key: &str, path: &'static str, body: Value) {
        let owner = self.owner;
        let submission = Submission { owner, ..(*submission(key, path, &body)).clone() };
        let submission = Arc::new(submission);
        self.tick();
        let parsed = IdempotencyKey::parse(key.as_bytes()).unwrap();
        let context = self.context(job_id(owner, &parsed));
        let command = submission.command().unwrap();
        let id = self.next_position();
        let mut new_ids = new_ids(id);
        let decision = decide(&self.working_set, &context, &command, &mut new_ids);
        let operation = command.operation().as_str();
        let mut row = self.decided(&context, decision, key, operation);
        row.fingerprint = submission.fingerprint();
        let told = row.answer.clone();
        self.rows.log.push(row);
        // One that has begun is told later.
        match told {
            Some(Answer { status, body }) => self.exchange(&submission, Some((status, &body))),
            None => self.exchange(&submission, Some((202, r#"{"status":"running"}"#))),
        }
    }

    /// Decides what is due as the product would.
    pub(crate) fn internal(&mut self, command: impl Into<InternalCommand>) {
        self.tick();
        let command = command.into();
        let context = self.context(internal_job_id(self.owner, &command.key()));
        let mut new_ids = new_ids(self.next_position());
        let decision = decide_internal(&self.working_set, &context, &command, &mut new_ids);
        let decision = decision.unwrap();
        if let Some(settles) = &decision.settles {
            self.settles(settles, context.now);
        }
        let (key, operation) = (command.key(), command.operation().as_str());
        let mut row = self.decided(&context, decision, key.as_str(), operation);
        row.origin = Origin::Internal;
        row.input = Some(serde_json::to_string(&command).unwrap());
        self.rows.log.push(row);
    }

    /// Answers the command that waits for it, if it has no answer yet.
    fn settles(&mut self, Settles { job, result }: &Settles, now: Instant) {
        let waiting = self.rows.log.iter_mut().find(|row| row.job == *job);
        let Some(row) = waiting.filter(|row| row.answer.is_none()) else { return };
        let outcome = Outcome::Done(result.clone());
        row.answer = contract::answered(*job, &outcome, now).map(|answered| answered.answer);
        row.entity = outcome.entity_id();
        let (key, told) = (row.key.clone(), row.answer.clone().unwrap());
        let asked = self.asked(&key);
        self.exchange(&asked, Some((told.status, &told.body)));
    }

    /// A change by the nemesis, with its note in the command log.
    pub(crate) fn nemesis(
        &mut self,
        operation: &str,
        entity: i64,
        changes: impl IntoIterator<Item = Change>,
        body: String,
    ) {
        self.tick();
        let position = self.next_position();
        changes.into_iter().for_each(|change| self.put(change));
        self.rows.log.push(LogRow {
            position,
            job: JobId::new(uuid::Uuid::from_u128(u128::try_from(position).unwrap())),
            client: ClientId::SYSTEM,
            origin: Origin::Internal,
            key: format!("nemesis-{position}"),
            fingerprint: Fingerprint::of_request("", "", b""),
            operation: operation.to_owned(),
            input: None,
            user: None,
            entity: Some(entity),
            answer: Some(Answer { status: 200, body }),
            decided_at: self.now(),
        });
    }

    fn next_position(&self) -> i64 {
        i64::try_from(self.rows.log.len()).unwrap() + 1
    }

    fn context(&self, job: JobId) -> Context {
        let gift_ttl = chrono::TimeDelta::days(1);
        let provider = Some(Provider::Simulated);
        Context { now: self.now(), client: self.owner, job, gift_ttl, provider }
    }

    /// Makes the changes of a decision, and the row of the command log.
    fn decided(
        &mut self,
        context: &Context,
        decision: Decision,
        key: &str,
        operation: &str,
    ) -> LogRow {
        let position = self.next_position();
        for change in decision.changes {
            self.put(change);
        }
        LogRow {
            position,
            job: context.job,
            client: context.client,
            origin: Origin::Client,
            key: key.to_owned(),
            fingerprint: Fingerprint::of_request("", "", b""),
            operation: operation.to_owned(),
            input: None,
            user: decision.user,
            entity: decision.outcome.entity_id(),
            answer: contract::answered(context.job, &decision.outcome, context.now)
                .map(|answered| answered.answer),
            decided_at: context.now,
        }
    }

    fn put(&mut self, change: Change) {
        self.working_set.apply(change.clone());
        self.changes.push(change);
        let Changes { users, subscriptions, gifts, grants, payments, .. } = self.changes.clone();
        let Changes { methods, refunds, transfers, .. } = self.changes.clone();
        let due = subscriptions.values().filter_map(|s| Some((s.id, s.due_at()?)));
        self.rows.due_subscriptions = due.collect();
        let due = gifts.values().filter_map(|gift| Some((gift.id, gift.due_at()?)));
        self.rows.due_gifts = due.collect();
        self.rows.users = users.into_values().collect();
        self.rows.subscriptions = subscriptions.into_values().collect();
        self.rows.gifts = gifts.into_values().collect();
        self.rows.grants = grants.into_values().collect();
        self.rows.payments = payments.into_values().collect();
        self.rows.methods = methods.into_values().collect();
        self.rows.refunds = refunds.into_values().collect();
        self.rows.transfers = transfers;
    }

    /// Something was asked, and answered so.
    pub(crate) fn exchange(&mut self, what: &Arc<Submission>, told: Option<(u16, &str)>) {
        self.asks(Request::Submit(what.clone()), told);
    }

    /// The job of a key was looked at.
    pub(crate) fn look(&mut self, key: &str, status: u16, body: &str) {
        let (owner, key) = (self.owner, key.to_owned());
        self.asks(Request::Job { owner, key }, Some((status, body)));
    }

    /// As [`Books::exchange`], of any request.
    pub(crate) fn asks(&mut self, request: Request, told: Option<(u16, &str)>) {
        let (sent_us, answered_us) = (self.tick(), self.tick());
        let reply =
            told.map(|(status, body)| Reply { status, replayed: false, body: body.to_owned() });
        let (client, api, phase, error) = (0, 0, Phase::Load, None);
        let asked = Exchange { client, api, phase, request, sent_us, answered_us, reply, error };
        self.history.push(asked);
    }

    /// The first request with a key.
    pub(crate) fn asked(&self, key: &str) -> Arc<Submission> {
        self.history.iter().find(|e| e.key() == key).unwrap().submission().unwrap().clone()
    }

    pub(crate) fn row(&mut self, key: &str) -> &mut LogRow {
        self.rows.log.iter_mut().find(|row| row.key == key).unwrap()
    }

    pub(crate) fn answer(&self, key: &str) -> Answer {
        self.rows.log.iter().find(|row| row.key == key).unwrap().answer.clone().unwrap()
    }

    /// The rules that are broken, each once.
    pub(crate) fn broken(&self) -> Vec<Rule> {
        let mut rules: Vec<Rule> = checker::check(&Evidence {
            history: &self.history,
            rows: &self.rows,
            leftovers: &self.leftovers,
            incidents: &self.incidents,
            losses: &self.losses,
            gift_ttl_days: 1,
        })
        .into_iter()
        .map(|violation| violation.rule)
        .collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

/// Ids that are positions, of every kind.
fn new_ids(id: i64) -> NewIds {
    let ids = || vec![id];
    NewIds::new(DrawnIds {
        users: ids(),
        gifts: ids(),
        subscriptions: ids(),
        grants: ids(),
        payments: ids(),
        methods: ids(),
        refunds: ids(),
    })
}

pub(crate) fn submission(key: &str, path: &'static str, body: &Value) -> Arc<Submission> {
    let owner = ClientId::LOCAL;
    Arc::new(Submission { owner, key: key.to_owned(), path, body: body.to_string() })
}

/// The answer to a key that belongs to another request.
pub(crate) const REUSED: &str = r#"{"code":"idempotency_key_reused","status":422}"#;
