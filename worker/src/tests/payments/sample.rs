//! A test client that sells, and the effects of what it does.

use crate::effects::{Begun, Ground, Performed, Task, perform};
use crate::provider::Providers;
use crate::provider::settings::ProviderSettings;
use crate::tests::leaps::sample::{Shop, at, ground, provider_settings};
use domain::{AddMethod, Command, Effect, Instant, LogEntry, PlanCode, Subscribe, UserId};
use serde_json::Value;
use store::effects::{self, Claim};
use store::plans::{self, Wanted};
use store::provider_inbox::ProviderEvent;
use support::Database;

/// Where the clock of the client stands.
pub(crate) const STANDS: &str = "2026-01-31T08:00:00Z";

/// The client, and what its effects are performed with.
pub(crate) struct Till<'a> {
    pub(crate) shop: Shop<'a>,
    pub(crate) ground: Ground,
}

impl<'a> Till<'a> {
    /// A client that sells `gold` for 15 dollars a month.
    pub(crate) async fn open(database: &'a Database) -> Self {
        let shop = Shop::open(database, "demo", STANDS).await;
        let spec = r#"{"name": "Gold", "tier": "gold", "interval": "month",
                       "price": {"amount": 1500, "currency": "USD"}}"#;
        let spec = serde_json::from_str(spec).unwrap();
        let wanted = [Wanted { code: PlanCode::of_new_plan("gold").unwrap(), spec }];
        plans::put(database.store(), shop.client, &wanted, "open").await.unwrap();
        Self { shop, ground: ground(database.store(), runtime::clock::now) }
    }

    /// The same at another real time.
    pub(crate) fn at_real(&self, real: fn() -> Instant) -> Ground {
        ground(self.shop.database.store(), real)
    }

    /// The same while the provider cannot be reached.
    pub(crate) fn cut_off(&self, real: fn() -> Instant) -> Ground {
        let settings = ProviderSettings {
            simulated_url: Some("http://127.0.0.1:1".into()),
            ..provider_settings()
        };
        let providers = Providers::new(&settings, self.shop.database.store()).unwrap();
        Ground { providers, ..self.at_real(real) }
    }

    /// Decides a command that an effect brings the answer of, and returns the effect.
    pub(crate) async fn begin(&self, command: impl Into<Command>) -> Begun {
        let mut decided = self.shop.decide(command.into()).await;
        assert_eq!(decided.entries[0].answered, None);
        decided.begun.remove(0)
    }

    /// Makes a user who pays by that token.
    pub(crate) async fn payer(&self, name: &str, token: &str) -> UserId {
        let user = self.shop.user(name).await;
        let (status, body) = self.answer(add_method(user, token)).await;
        assert_eq!(status, 201, "{body}");
        user
    }

    /// Decides a command and performs its effect once, and returns the answer.
    pub(crate) async fn answer(&self, command: impl Into<Command>) -> (u16, Value) {
        let begun = self.begin(command).await;
        answer(&self.perform(&begun).await)
    }

    /// Performs an effect that was written just now.
    pub(crate) async fn perform(&self, begun: &Begun) -> Performed {
        self.perform_on(&self.ground, begun).await
    }

    /// The same on that ground.
    pub(crate) async fn perform_on(&self, ground: &Ground, begun: &Begun) -> Performed {
        let claim = begun.claim().unwrap();
        let task = Task { effect: &begun.effect, claim, attempts: 1, is_sent: true };
        perform(ground, task).await.unwrap()
    }

    /// Claims the only effect, as another worker does when its time has come.
    pub(crate) async fn take_over(&self) -> (Effect, Claim) {
        let due =
            "UPDATE effects SET lease_until = clock_timestamp(), holder = coalesce(holder, id),
                       due_at = clock_timestamp()";
        self.shop.database.run(due).await;
        let claimed = effects::claim(self.shop.database.store(), 8).await.unwrap();
        let [claimed] = <[_; 1]>::try_from(claimed).unwrap();
        (claimed.effect.unwrap(), claimed.claim)
    }

    /// Takes the only effect over and performs it on that ground.
    pub(crate) async fn go_on(&self, ground: &Ground) -> Performed {
        let (effect, claim) = self.take_over().await;
        let task = Task { effect: &effect, claim, attempts: 2, is_sent: false };
        perform(ground, task).await.unwrap()
    }

    /// The status of the only payment and that of its subscription.
    pub(crate) async fn states(&self) -> (String, String) {
        let of = |column, table| {
            format!("SELECT {column} FROM {table} WHERE client_id = {}", self.shop.client)
        };
        let database = self.shop.database;
        (
            database.value(&of("phase", "payments")).await,
            database.value(&of("status", "subscriptions")).await,
        )
    }

    /// How many charges the provider has made, and how often they were sent or asked for.
    pub(crate) async fn charges(&self) -> (i64, i64) {
        let database = self.shop.database;
        (
            database.value("SELECT count(*) FROM simulated_charges").await,
            database.value("SELECT coalesce(sum(sends), 0)::bigint FROM simulated_charges").await,
        )
    }
}

/// The answer that something has brought.
pub(crate) fn answer(performed: &Performed) -> (u16, Value) {
    let [entry]: &[LogEntry; 1] = performed.settled.entries.as_slice().try_into().unwrap();
    let answer = &entry.answered.as_ref().unwrap().answer;
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

pub(crate) fn add_method(user: UserId, token: &str) -> AddMethod {
    AddMethod { user_id: Some(user), external_id: None, token: token.to_owned() }
}

pub(crate) fn subscribe(user: UserId) -> Subscribe {
    Subscribe {
        user_id: Some(user),
        external_id: None,
        plan: PlanCode::parse("gold").unwrap(),
        duration_months: None,
        auto_renew: true,
        trial: None,
    }
}

/// The instant of that text.
pub(crate) fn instant(text: &str) -> Instant {
    at(text)
}

/// An event of a provider, as it is taken from the inbox.
pub(crate) fn received(provider: &str, event: &Value) -> ProviderEvent {
    ProviderEvent {
        provider: provider.to_owned(),
        event_id: "evt_1".to_owned(),
        payload: event.to_string(),
        attempts: 1,
    }
}
