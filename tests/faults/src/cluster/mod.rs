//! The cluster of a campaign: one Postgres, one Redis, a proxy before each, and the processes of
//! the product. The campaign owns all of them.

pub mod clock;
mod leftovers;
pub mod member;
mod money;
pub mod postgres;
pub mod provider;
pub mod redis;
pub mod rows;
pub mod tester;

use crate::checker::Incident;
use crate::nemesis::Fault;
use crate::options::Options;
use anyhow::Result;
use domain::ClientId;
use e2e::{Kind, Proxy, Settings};
use member::Member;
use postgres::Postgres;
use provider::Provider;
use redis::Redis;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tester::Tester;
use tokio::sync::Mutex;

/// The days for which a gift can be redeemed.
pub const GIFT_TTL_DAYS: u32 = 1;

/// The seconds after which a worker counts as dead: the least that is of use in production.
pub const ORPHAN_SECONDS: u64 = 2;

/// Has a client of the campaign sell a plan of another tier than the built-in ones, so that gifts
/// of it wait; and plans that have a price, one with a trial and one by the year. No plan changes
/// while the campaign runs.
const SELL_PLANS: &str = "
    WITH offer (code, tier, rank, interval, amount, trial_days) AS (
        VALUES ('bronze', 'bronze', 10, 'month', 0, 0), ('silver', 'silver', 20, 'month', 1500, 0),
               ('gold', 'gold', 30, 'month', 3000, 14),
               ('gold-yearly', 'gold', 30, 'year', 30000, 0)),
    sold AS (
        INSERT INTO plans (client_id, code, name, tier, tier_rank, features, version, created_at)
        SELECT $1, code, initcap(code), tier, rank, '{}', 1, now() FROM offer
        RETURNING client_id, code)
    INSERT INTO plan_versions (client_id, code, version, interval, amount, currency, trial_days,
                               grace_days, created_at)
    SELECT client_id, code, 1, interval, amount, 'USD', trial_days, 7, now()
    FROM sold JOIN offer USING (code)";

/// The connections of a process to Postgres, beside those that a worker has for itself.
const CONNECTIONS_MAX: u32 = 8;

/// The seconds after which what the provider does counts as unknown.
const PAYMENT_TIMEOUT_SECONDS: u64 = 2;

/// The pause between two looks whether anything is still to be done.
const LOOK_PAUSE: Duration = Duration::from_millis(300);

/// The parts that can be broken. Each is behind a lock, which a fault holds until the part works
/// again.
pub struct Cluster {
    /// The processes of the product, apis first.
    pub members: Vec<Arc<Mutex<Member>>>,
    /// The Redis server.
    pub redis: Arc<Mutex<Redis>>,
    /// The Postgres server.
    pub postgres: Arc<Mutex<Postgres>>,
    /// The proxy before Postgres.
    pub postgres_proxy: Arc<Mutex<Proxy>>,
    /// The proxy before Redis.
    pub redis_proxy: Arc<Mutex<Proxy>>,
    /// The client whose clock is moved.
    pub tester: Tester,
    /// The provider of payments.
    pub provider: Arc<Mutex<Provider>>,
    /// The proxy before the provider.
    pub provider_proxy: Arc<Mutex<Proxy>>,
    /// What commits wait for beside the primary. Faults that say so exclude each other.
    pub synchrony: Arc<Mutex<()>>,
    /// The campaign's own connections to Postgres, which do not go through the proxy.
    pub admin: sqlx::PgPool,
    /// The same to another database.
    pub maintenance: sqlx::PgPool,
    _home: Home,
}

/// The folder of the servers' data. It is deleted when the servers have ended.
struct Home(PathBuf);

impl Cluster {
    /// Starts everything, and waits until every process is healthy. Logs go to `folder`.
    pub async fn start(options: &Options, folder: &Path) -> Result<Self> {
        let home = Home(std::env::temp_dir().join(format!("faults-{}", std::process::id())));
        std::fs::create_dir_all(&home.0)?;
        let of_product = connections(options);
        let bin = options.postgres_bin.as_deref();
        let postgres = Postgres::start(bin, &home.0, folder, of_product).await?;
        let redis = Redis::start(options, &home.0, folder).await?;
        let postgres_proxy = Proxy::start(postgres.address().to_string()).await?;
        let redis_proxy = Proxy::start(redis.address()).await?;
        let settings = Settings::default()
            .with("DATABASE_URL", postgres.url(postgres_proxy.address()))
            .with("REDIS_URL", format!("redis://{}", redis_proxy.address()))
            .with("DATABASE_CONNECTIONS_MAX", CONNECTIONS_MAX)
            .with("RUST_LOG", "info")
            .with("API_AUTH", "open")
            .with("RATE_LIMIT_REQUESTS", 0)
            .with("RESPONSE_WAIT_MS", 500)
            .with("WORKER_ORPHAN_SECONDS", ORPHAN_SECONDS)
            .with("SWEEP_INTERVAL_SECONDS", 1)
            .with("GIFT_TTL_DAYS", GIFT_TTL_DAYS)
            .with("PAYMENTS", "simulated")
            .with("PAYMENT_WAIT_MS", 2000)
            .with("PAYMENT_TIMEOUT_SECONDS", PAYMENT_TIMEOUT_SECONDS)
            .with("SIMULATED_WEBHOOK_SECRET", provider::WEBHOOK_SECRET);
        let told = postgres::free_address()?;
        let provider = Provider::start(&settings, &options.programs, folder, told).await?;
        let provider_proxy = Proxy::start(provider.address().to_string()).await?;
        let base = format!("http://{}", provider_proxy.address());
        let settings = settings.with("SIMULATED_URL", base);
        let mut members = Vec::new();
        for (kind, count) in [(Kind::Api, options.apis), (Kind::Worker, options.workers)] {
            for index in 0..count {
                let name = format!("{}-{index}", kind.program());
                let mut member = Member::new(kind, name, &settings, &options.programs, folder)?;
                if kind == Kind::Api && index == 0 {
                    member.serve_at(told);
                }
                if index == 0 && options.faults().contains(&Fault::JumpClock) {
                    member.prepare_clock(&options.faketime, folder)?;
                }
                member.start()?;
                members.push(member);
            }
        }
        for member in &mut members {
            member.wait_healthy(Duration::from_mins(1)).await?;
        }
        let (admin, api) = (postgres.admin(), options.programs.join(Kind::Api.program()));
        let tester = Tester::make(&admin, &api, &settings).await?;
        for client in [ClientId::LOCAL, tester.client] {
            sqlx::query(SELL_PLANS).bind(client.get()).execute(&admin).await?;
        }
        Ok(Self {
            tester,
            members: members.into_iter().map(|member| Arc::new(Mutex::new(member))).collect(),
            redis: Arc::new(Mutex::new(redis)),
            admin,
            maintenance: postgres.maintenance(),
            postgres: Arc::new(Mutex::new(postgres)),
            postgres_proxy: Arc::new(Mutex::new(postgres_proxy)),
            redis_proxy: Arc::new(Mutex::new(redis_proxy)),
            provider: Arc::new(Mutex::new(provider)),
            provider_proxy: Arc::new(Mutex::new(provider_proxy)),
            synchrony: Arc::default(),
            _home: home,
        })
    }

    /// Starts processes again that have ended by themselves, as a supervisor would. Never returns.
    pub async fn supervise(members: Vec<Arc<Mutex<Member>>>) {
        loop {
            for member in &members {
                if let Ok(mut member) = member.try_lock() {
                    member.revive();
                }
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Repairs everything that a fault has left broken.
    pub async fn heal(&self) -> Result<()> {
        let (postgres_proxy, redis_proxy) =
            (self.postgres_proxy.lock().await, self.redis_proxy.lock().await);
        postgres_proxy.restore();
        redis_proxy.restore();
        self.provider_proxy.lock().await.restore();
        self.provider.lock().await.resume().await?;
        let mut redis = self.redis.lock().await;
        if redis.set_memory_max(0).await.is_err() {
            redis.kill();
            redis.resume().await?;
        }
        redis.demote().await?;
        redis_proxy.move_to(redis.address());
        let mut postgres = self.postgres.lock().await;
        postgres.resume().await?;
        postgres_proxy.move_to(postgres.address().to_string());
        postgres.undo().await
    }

    /// Waits until every process is healthy.
    pub async fn wait_healthy(&self, within: Duration) -> Result<()> {
        for member in &self.members {
            member.lock().await.wait_healthy(within).await?;
        }
        Ok(())
    }

    /// How much is still to be done: effects, what the provider has told, and what is due.
    pub async fn open(&self) -> Result<i64> {
        Ok(sqlx::query_scalar(money::OPEN).fetch_one(&self.admin).await?)
    }

    /// Waits until nothing is to be done any more. Returns what is left after that time.
    pub async fn settled(&self, within: Duration) -> Result<i64> {
        let deadline = tokio::time::Instant::now() + within;
        for end in money::END_PAUSES {
            sqlx::query(end).execute(&self.admin).await?;
        }
        loop {
            sqlx::query(money::AGE_LOST).execute(&self.admin).await?;
            let open = self.open().await?;
            if open == 0 || tokio::time::Instant::now() >= deadline {
                return Ok(open);
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    /// Asks all processes to stop, and returns their incidents.
    pub async fn stop(&self) -> Vec<Incident> {
        let mut incidents = Vec::new();
        for member in &self.members {
            let mut member = member.lock().await;
            member.terminate(Duration::from_secs(40)).await;
            incidents.extend(member.incidents());
        }
        let mut provider = self.provider.lock().await;
        provider.kill();
        incidents.extend(provider.incidents());
        incidents
    }

    /// The number of times that processes ended by themselves and were started again.
    pub async fn revivals(&self) -> u32 {
        let mut count = 0;
        for member in &self.members {
            count += member.lock().await.revivals();
        }
        count
    }
}

/// The connections that the processes of the product may use together.
fn connections(options: &Options) -> u32 {
    let (apis, workers) = (u32::from(options.apis), u32::from(options.workers));
    (apis + workers) * CONNECTIONS_MAX + workers * store::CONNECTIONS_BESIDE
}

impl Drop for Home {
    fn drop(&mut self) {
        // Children of a killed Postgres may still be ending. Then a temporary folder is left.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
