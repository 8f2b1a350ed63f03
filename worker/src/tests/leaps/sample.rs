//! A test client, and what it does.

use crate::apply::{Attempt, DecidedBatch, load};
use crate::effects::{Begun, Ground, Settler, Slots, Task, clock};
use crate::fault::Fault;
use crate::intake::Intake;
use crate::provider::Providers;
use crate::provider::settings::ProviderSettings;
use crate::retry::RetryPolicy;
use crate::tests::attempts::{POLICY, attempt_of};
use domain::{
    AdvanceClock, ClientId, Command, CreateUser, Effect, EffectTask, Email, ExternalId, Instant,
    LogEntry, Metadata, PlanCode, Subscribe, SubscriptionId, UserId,
};
use std::cell::Cell;
use std::sync::Arc;
use store::clients;
use store::effects::{self, Claim};
use support::Database;
use tokio_util::sync::CancellationToken;

/// A test client with a clock of its own.
pub(crate) struct Shop<'a> {
    pub(crate) database: &'a Database,
    pub(crate) client: ClientId,
    pub(crate) jobs: Cell<u32>,
}

/// The instant of that text.
pub(crate) fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

impl<'a> Shop<'a> {
    /// A new test client, whose clock stands at that instant.
    pub(crate) async fn open(database: &'a Database, name: &str, now: &str) -> Self {
        let made = clients::create_test(database.store(), name, None, Some(at(now))).await;
        assert_eq!(made.unwrap(), Some(at(now)));
        let id = format!("SELECT id FROM clients WHERE name = '{name}'");
        let client = ClientId::new(database.value(&id).await);
        Self { database, client, jobs: Cell::new(0) }
    }

    /// Decides a command and commits it.
    pub(crate) async fn decide(&self, command: Command) -> DecidedBatch {
        self.jobs.set(self.jobs.get() + 1);
        let attempt = attempt_of(self.client, &format!("key{}", self.jobs.get()), command);
        let held = [Attempt { job: attempt.job.clone(), holder: "w".into() }];
        let loaded = load(self.database.store(), &held).await.unwrap();
        loaded.commit(vec![attempt], POLICY, &Slots::default()).await.unwrap()
    }

    /// Decides a command, and returns its entry.
    pub(crate) async fn send(&self, command: impl Into<Command>) -> LogEntry {
        self.decide(command.into()).await.entries.remove(0)
    }

    /// Makes a user, and returns its id.
    pub(crate) async fn user(&self, name: &str) -> UserId {
        let email = Email::parse(&format!("{name}@a.org")).unwrap();
        let external_id = Some(ExternalId::parse(name).unwrap());
        let entry = self.send(CreateUser { email, external_id, metadata: Metadata::default() });
        UserId::new(entry.await.entity.unwrap())
    }

    /// Makes a user with a monthly subscription, and returns the id of the subscription.
    pub(crate) async fn subscriber(&self, name: &str, auto_renew: bool) -> SubscriptionId {
        let user_id = Some(self.user(name).await);
        let (plan, duration_months) = (PlanCode::parse("monthly").unwrap(), None);
        let (external_id, trial) = (None, None);
        let command = Subscribe { user_id, external_id, plan, duration_months, auto_renew, trial };
        SubscriptionId::new(self.send(command).await.entity.unwrap())
    }

    /// Begins an advance, and returns its effect with the claim.
    pub(crate) async fn begin(&self, to: Instant) -> (Effect, Claim) {
        let mut decided = self.decide(AdvanceClock { to }.into()).await;
        assert_eq!(decided.entries[0].answered, None);
        let Begun { effect, claimed } = decided.begun.remove(0);
        (effect, claimed.unwrap().0)
    }

    /// Advances the clock in one leap, and returns the answer.
    pub(crate) async fn advance(&self, to: Instant) -> String {
        let (effect, claim) = self.begin(to).await;
        let entry = lead(self.database.store(), &effect, claim).await.unwrap().unwrap();
        assert_eq!((entry.job, entry.client), (effect.job, self.client));
        let answer = entry.answered.unwrap().answer;
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// What the clock says.
    pub(crate) async fn now(&self) -> Instant {
        let now = format!("SELECT now FROM test_clocks WHERE client_id = {}", self.client);
        self.database.value(&now).await
    }

    /// The ids of its rows of that table, the oldest first.
    pub(crate) async fn ids(&self, table: &str) -> Vec<i64> {
        let ids = format!(
            "SELECT coalesce(array_agg(id ORDER BY id), '{{}}') FROM {table} WHERE client_id = {}",
            self.client
        );
        self.database.value(&ids).await
    }

    /// A number of its rows.
    pub(crate) async fn count(&self, table: &str, rows: &str) -> i64 {
        let client = self.client;
        let count = format!("SELECT count(*) FROM {table} WHERE client_id = {client} AND {rows}");
        self.database.value(&count).await
    }
}

/// Leads a clock as a runner does.
pub(crate) async fn lead(
    database: &store::Database,
    effect: &Effect,
    claim: Claim,
) -> Result<Option<Box<LogEntry>>, Fault> {
    let ground = ground(database, runtime::clock::now);
    let EffectTask::Clock(leap) = effect.task else { panic!("{effect:?}") };
    let task = Task { effect, claim, attempts: 1, is_sent: false };
    let performed = clock::lead(&ground, task, leap).await?;
    Ok(performed.settled.entries.into_iter().next().map(Box::new))
}

/// What effects are performed with, at that real time.
pub(crate) fn ground(database: &store::Database, real: fn() -> Instant) -> Ground {
    let stop = CancellationToken::new();
    let providers = Providers::new(&provider_settings(), database).unwrap();
    let slots = Slots::default();
    let settler = Settler::new(database, &slots, POLICY);
    Ground {
        database: database.clone(),
        clients: Intake::new(1).0.presence(),
        policy: POLICY,
        providers,
        slots,
        settler,
        look: Arc::default(),
        real,
        retry_policy: RetryPolicy::until(stop.clone()),
        stop,
    }
}

/// Settings as they are by default.
pub(crate) fn provider_settings() -> ProviderSettings {
    ProviderSettings {
        payment_timeout_seconds: 20,
        stripe_api_key: None,
        stripe_api_base: "https://api.stripe.com".to_owned(),
        stripe_return_url: "off".to_owned(),
        simulated_url: None,
    }
}

/// Ends all leases, as time does, and claims the one effect that there is; `None` if it is done. A
/// transaction of who had it before may still be under way.
pub(crate) async fn take_over(database: &Database) -> Option<(Effect, Claim)> {
    while database.value::<i64>("SELECT count(*) FROM effects").await > 0 {
        database.run("UPDATE effects SET lease_until = clock_timestamp()").await;
        let claimed = effects::claim(database.store(), 8).await.unwrap().into_iter().next();
        if let Some(claimed) = claimed {
            return Some((claimed.effect.unwrap(), claimed.claim));
        }
    }
    None
}
