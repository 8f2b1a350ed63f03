//! Random histories: whatever is asked, by whomever and whenever, the rules hold after each step.

mod books;
mod edges;
mod expected;
mod load;
mod step;

use crate::sample::GIFT_TTL;
use books::Books;
use contract::refusal;
use domain::{
    Change, ClientId, Command, Context, GiftState, IdempotencyKey, Instant, Needs, NewIds,
    Operation, SubscriptionState, WorkingSet, decide, job_id,
};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, proptest};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use samples::at;
use std::collections::BTreeSet;
use step::Step;

/// The working set that the core sees, and our own books of what should be in it.
struct History {
    working_set: WorkingSet,
    books: Books,
    now: Instant,
    jobs: u32,
}

impl History {
    fn new() -> Self {
        let now = at("2024-01-31T23:59:59.999999Z");
        Self { working_set: WorkingSet::default(), books: Books::default(), now, jobs: 0 }
    }

    /// Takes a step, and says how it ended.
    fn take(&mut self, step: &Step) -> &'static str {
        self.now = step.wait.after(self.now, &self.books);
        let Some((client, command)) = step.command(&self.books) else {
            self.sweep();
            return "swept";
        };
        let ending = self.command(client, &command);
        self.books.check();
        load::check_privacy(&self.working_set, &self.books);
        ending
    }

    fn command(&mut self, client: ClientId, command: &Command) -> &'static str {
        self.jobs += 1;
        let key = IdempotencyKey::parse(self.jobs.to_string().as_bytes()).unwrap();
        let context =
            Context { now: self.now, client, job: job_id(client, &key), gift_ttl: GIFT_TTL };
        let new_id = self.books.next_id(command.operation());
        let decide = |working_set: &WorkingSet| {
            let mut new_ids = NewIds::new(vec![new_id], vec![new_id], vec![new_id]);
            decide(working_set, &context, command, &mut new_ids)
        };
        let decision = decide(&self.working_set);
        assert_eq!(decision, decide(&self.working_set));

        let mut needs = Needs::default();
        needs.add(client, command);
        let loaded = load::load(&self.books, &needs);
        assert_eq!(decision, decide(&loaded), "loaded too little");

        let refusal = decision.result.as_ref().err().map(|r| refusal::kind(r).code());
        let expected = expected::refusal(&self.books, client, command, self.now);
        assert_eq!(refusal, expected, "{command:?} of {client:?} at {}", self.now);
        assert_eq!(refusal.is_some(), decision.changes.is_empty());
        for change in decision.changes {
            self.books.record(&change, (&context, new_id));
            self.working_set.apply(change);
        }
        refusal.unwrap_or_else(|| command.operation().as_str())
    }

    /// Marks what has run out, as the sweeps of the worker do.
    fn sweep(&mut self) {
        for change in self.books.due(self.now) {
            self.working_set.apply(change.clone());
            match change {
                Change::Subscription(s) => self.books.subscriptions.insert(s.id, s).map(drop),
                Change::Gift(gift) => self.books.gifts.insert(gift.id, gift).map(drop),
                Change::User(_) | Change::Grant(_) => None,
            };
        }
        let states = self.books.subscriptions.values().map(|s| (s.state, s.end_date));
        let active = SubscriptionState::Active;
        assert!(states.into_iter().all(|(state, end)| state != active || end > self.now));
        let mut gifts = self.books.gifts.values();
        assert!(gifts.all(|g| g.state != GiftState::Pending || g.expires_at > self.now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_history_keeps_the_rules(steps in vec(step::steps(), 1..100)) {
        let mut history = History::new();
        for step in steps {
            history.take(&step);
        }
    }
}

/// The rules would hold where nothing happens, too.
#[test]
fn random_histories_meet_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..100 {
        let steps = vec(step::steps(), 100).new_tree(&mut runner).unwrap().current();
        let mut history = History::new();
        met.extend(steps.iter().map(|step| history.take(step)));
    }
    let refusals = [
        "user_not_found",
        "gifter_not_found",
        "subscription_not_found",
        "gift_not_found",
        "email_taken",
        "already_subscribed",
        "subscription_not_active",
        "gift_not_recipient",
        "gift_already_redeemed",
        "gift_expired",
        "unknown_plan",
        "duration_not_multiple",
        "term_too_long",
    ];
    let commands = Operation::ALL.map(Operation::as_str).into_iter().take(6);
    let all: BTreeSet<_> = commands.chain(refusals).chain(["swept"]).collect();
    assert_eq!(met, all);
}
