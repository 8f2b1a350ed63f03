//! Random histories: whatever is asked, by whomever and whenever, the rules hold after each step.

mod books;
mod edges;
mod expected;
mod load;
mod passing;
mod step;
mod sweep;

use books::Books;
use domain::{
    Change, ClientId, Command, Context, DrawnIds, Entity, IdempotencyKey, Instant, JobId, Needs,
    NewIds, Operation, Outcome, Refusal, SubscriptionState, Success, WorkingSet, decide, job_id,
};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, proptest};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use proptest::{prop_assert, prop_assert_eq};
use samples::{GIFT_TTL, at};
use std::collections::BTreeSet;
use step::Step;

/// The working set that the core sees, and our own books of what should be in it.
struct History {
    working_set: WorkingSet,
    books: Books,
    now: Instant,
    jobs: u32,
}

/// What came of a step.
#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Done(Operation, Box<Success>),
    Refused(Refusal),
    Swept,
}

impl Ending {
    fn name(&self) -> String {
        match self {
            Self::Done(_, success) if is_queued(success) => "queued".to_owned(),
            Self::Done(operation, _) => operation.as_str().to_owned(),
            Self::Refused(refusal) => code(refusal),
            Self::Swept => "swept".to_owned(),
        }
    }
}

/// The code of a refusal: its name, as clients spell it.
fn code(refusal: &Refusal) -> String {
    let written = format!("{refusal:?}");
    let name = written.chars().take_while(|letter| letter.is_alphanumeric());
    let mut code = String::new();
    for letter in name {
        if letter.is_uppercase() && !code.is_empty() {
            code.push('_');
        }
        code.push(letter.to_ascii_lowercase());
    }
    code
}

/// Ids for what a command makes: `new_id` for what a client sees, and ids of grants that nothing
/// else has.
fn new_ids(new_id: i64, jobs: u32) -> NewIds {
    let ids = || vec![new_id];
    let grants = (0..8).map(|n| i64::from(jobs) * 8 + n).collect();
    NewIds::new(DrawnIds {
        users: ids(),
        gifts: ids(),
        subscriptions: ids(),
        grants,
        payments: ids(),
        methods: ids(),
        refunds: ids(),
    })
}

/// Nobody takes payments.
const fn context(client: ClientId, job: JobId, now: Instant) -> Context {
    Context { now, client, job, gift_ttl: GIFT_TTL, provider: None }
}

/// Whether a gift was redeemed that waits.
fn is_queued(success: &Success) -> bool {
    let subscription = match success.entity() {
        Entity::Redemption { subscription, .. } => Some(subscription),
        _ => None,
    };
    subscription.is_some_and(|s| s.state == SubscriptionState::Scheduled)
}

impl History {
    fn new() -> Self {
        let now = at("2024-01-31T23:59:59.999999Z");
        let (mut working_set, books) = (WorkingSet::default(), Books::new());
        books.plans.values().cloned().for_each(|plan| working_set.apply(Change::Plan(plan)));
        Self { working_set, books, now, jobs: 0 }
    }

    fn take(&mut self, step: &Step) -> Ending {
        self.take_at(step, step.wait.after(self.now, &self.books))
    }

    fn take_at(&mut self, step: &Step, now: Instant) -> Ending {
        self.now = now;
        let ending = match step.command(&self.books, self.now) {
            Some((client, command)) => self.command(client, &command),
            None => self.sweep(),
        };
        self.books.check();
        load::check_privacy(&self.working_set, &self.books);
        ending
    }

    fn command(&mut self, client: ClientId, command: &Command) -> Ending {
        self.jobs += 1;
        let key = IdempotencyKey::parse(self.jobs.to_string().as_bytes()).unwrap();
        let context = context(client, job_id(client, &key), self.now);
        let new_id = self.books.next_id(command.operation());
        let decide = |working_set: &WorkingSet| {
            decide(working_set, &context, command, &mut new_ids(new_id, self.jobs))
        };
        let decision = decide(&self.working_set);
        assert_eq!(decision, decide(&self.working_set));

        let mut needs = Needs::default();
        command.needs(client, &mut needs);
        let loaded = load::load(&self.books, &needs);
        assert_eq!(decision, decide(&loaded), "loaded too little");

        let refusal = decision.outcome.refusal().map(code);
        let expected = expected::refusal(&self.books, client, command, self.now);
        let expected = expected.map(str::to_owned);
        assert_eq!(refusal, expected, "{command:?} of {client:?} at {}", self.now);
        // A plan can be retired twice, and a subscription cancelled at its end.
        let again = matches!(
            decision.outcome.success(),
            Some(Success::Changed(Entity::Plan(_) | Entity::Subscription(_)))
        ) && decision.changes.is_empty();
        assert_eq!(refusal.is_some() || again, decision.changes.is_empty());
        for change in decision.changes {
            self.books.record(&change, (&context, Some(new_id)));
            self.working_set.apply(change);
        }
        // Only now, because a new user is in the books now.
        let concerned = decision.user.and_then(|user| self.books.users.get(&user));
        assert_eq!(concerned.map(|user| user.id), decision.user);
        assert!(concerned.is_none_or(|user| user.client == client), "the user of another client");
        match decision.outcome {
            // No step begins what an effect would have to end.
            Outcome::Pending => unreachable!(),
            Outcome::Done(Ok(success)) => Ending::Done(command.operation(), Box::new(success)),
            Outcome::Done(Err(refusal)) => Ending::Refused(refusal),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_history_keeps_the_rules(steps in vec(step::steps(true), 1..100)) {
        let mut history = History::new();
        for step in steps {
            history.take(&step);
        }
    }

    /// Nothing that a client sees depends on how soon what is due is done, but for renewals, which
    /// can come too late.
    #[test]
    fn sweeping_often_or_at_last_comes_to_the_same(steps in vec(step::steps(false), 1..100)) {
        let (mut often, mut late) = (History::new(), History::new());
        for step in &steps {
            let done = often.take(step);
            often.sweep();
            if done == Ending::Swept {
                late.now = often.now;
            } else {
                prop_assert_eq!(done, late.take_at(step, often.now));
            }
        }
        late.sweep();
        prop_assert!(often.books.rows_but_for_updates() == late.books.rows_but_for_updates());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Instants are visited in their order: it makes no difference where the clock rests between.
    #[test]
    fn one_leap_of_the_clock_comes_to_the_same_as_many_steps(
        steps in vec(step::steps(true), 1..60),
        rests in vec(0..2_000_i64, 0..8),
    ) {
        let [mut leap, mut many] = [(); 2].map(|()| {
            let mut history = History::new();
            for step in &steps {
                drop(history.take(step));
            }
            history
        });
        let (from, last) = (leap.now, at("9999-11-01T00:00:00Z"));
        let after = |days: &i64| (from + chrono::TimeDelta::days(*days)).min(last);
        leap.advance(after(&2_000));
        let mut rests = rests;
        rests.sort_unstable();
        rests.iter().chain([&2_000]).for_each(|days| many.advance(after(days)));
        leap.books.check();
        prop_assert!(leap.books.rows() == many.books.rows());
    }
}

/// The rules would hold where nothing happens, too.
#[test]
fn random_histories_meet_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..100 {
        let steps = vec(step::steps(true), 100).new_tree(&mut runner).unwrap().current();
        let mut history = History::new();
        met.extend(steps.iter().map(|step| history.take(step).name()));
    }
    let refusals = [
        "user_not_found",
        "gifter_not_found",
        "subscription_not_found",
        "gift_not_found",
        "plan_not_found",
        "email_taken",
        "external_id_taken",
        "already_subscribed",
        "subscription_not_active",
        "subscription_not_paused",
        "subscription_cancelling",
        "not_cancelling",
        "date_out_of_range",
        "gift_not_recipient",
        "gift_already_redeemed",
        "gift_expired",
        "unknown_plan",
        "plan_retired",
        "duration_not_multiple",
        "term_too_long",
        "payments_disabled",
    ];
    let commands = [
        "create_user",
        "update_user",
        "subscribe",
        "renew",
        "cancel",
        "uncancel",
        "auto_renew",
        "pause",
        "resume",
        "extend",
        "gift",
        "redeem",
        "queued",
        "retire_plan",
    ];
    let all = commands.into_iter().chain(refusals).chain(["swept"]);
    let all: BTreeSet<_> = all.map(str::to_owned).collect();
    assert_eq!(met, all);
}
