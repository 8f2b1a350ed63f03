//! Looks at both services: opens them, and asks for what the list of a start is made of.

use crate::bootstrap::{WAIT_MAX, chain};
use crate::checks::Checks;
use crate::{clock, settings};
use queue::{Outlook, Queue};
use std::time::Duration;
use store::{CONNECTIONS_BESIDE, Database, Finish, Fitted, Migrated, Program, StoreError};
use tokio::time::{Instant, sleep};

/// The pause between two attempts to reach one of them.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// What to read about poolers.
const POOLERS: &str = "see docs/OPERATIONS.md";

/// What both clients say of a server whose certificate they do not accept.
const UNTRUSTED: &str = "invalid peer certificate";

/// A service as an operator knows it.
struct Service {
    name: &'static str,
    /// The setting that says where it is.
    setting: &'static str,
    /// What names the CA that its certificate has to be of.
    ca: &'static str,
}

const POSTGRES: Service =
    Service { name: "Postgres", setting: "DATABASE_URL", ca: "its sslrootcert" };
const REDIS: Service =
    Service { name: "Redis", setting: "REDIS_URL", ca: "SSL_CERT_FILE in the environment" };

/// Postgres, and a warning about the way to it.
type Opened = (Database, Option<String>);

/// How a start goes about what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It waits until this time, and applies migrations.
    Start(Instant),
    /// It looks and changes nothing.
    Look,
}

/// What was found, and the services that can be used.
#[derive(Default)]
pub struct Found {
    /// Postgres, if it answers.
    pub database: Option<Database>,
    /// Redis, if it can be used.
    pub(crate) queue: Option<Queue>,
    /// The list.
    pub checks: Checks,
}

/// Looks for everything. `checks` is the beginning of the list.
pub(crate) async fn find(
    program: Program,
    postgres: &settings::Postgres,
    redis: &settings::Redis,
    mut checks: Checks,
    mut manner: Manner,
) -> Found {
    let (to_postgres, to_redis) = (postgres.database_url.expose(), redis.redis_url.expose());
    let example = "postgres://user:password@localhost/commerce";
    checks.url("DATABASE_URL", to_postgres, &["postgres", "postgresql"], example);
    let schemes = ["redis", "rediss", "redis+unix", "unix"];
    checks.url("REDIS_URL", to_redis, &schemes, "redis://localhost:6379");
    if checks.refuse() {
        // It will not start, so it neither waits nor changes anything.
        manner = Manner::Look;
    }
    let is_named = |name: &str| !checks.0.iter().any(|found| found.what.starts_with(name));
    let (postgres_is_named, redis_is_named) = (is_named("DATABASE_URL"), is_named("REDIS_URL"));
    let mut found = Found { checks, ..Found::default() };
    // What is found in Redis does not depend on Postgres; both are waited for at the same time.
    let (database, queue) = tokio::join!(
        async {
            if postgres_is_named { Some(open_database(postgres, manner).await) } else { None }
        },
        async { if redis_is_named { Some(open_queue(redis, manner).await) } else { None } },
    );
    let database = database.and_then(|opened| found.take(&POSTGRES, opened));
    found.database = database.map(|(database, warning)| {
        if let Some(warning) = warning {
            let (what, cure) = warning.split_once(": ").unwrap_or((&warning, POOLERS));
            found.checks.doubtful(what, cure);
        }
        database
    });
    found.queue = queue.and_then(|opened| found.take(&REDIS, opened));
    let at_postgres = found.ask_postgres(program, postgres).await;
    found.ask_redis(at_postgres).await;
    found
}

impl Service {
    /// What to do when it cannot be opened.
    fn cure(&self, cause: &str) -> String {
        let Self { setting, ca, .. } = self;
        if cause.contains(UNTRUSTED) {
            format!(
                "{setting}: {ca} is to name the CA of its certificate, and the host a name in it"
            )
        } else {
            format!("{setting}: is it running, and is it right? `make run` starts one for you")
        }
    }
}

impl Found {
    /// What was opened; it is wrong that it was not.
    fn take<T>(&mut self, service: &Service, opened: Result<T, String>) -> Option<T> {
        let wrong = |cause: String| {
            let cure = service.cure(&cause);
            self.checks.wrong(format!("cannot use {}: {cause}", service.name), cure);
        };
        opened.map_err(wrong).ok()
    }

    /// Judges Postgres, and returns what its clock says.
    async fn ask_postgres(
        &mut self,
        program: Program,
        settings: &settings::Postgres,
    ) -> Option<domain::Instant> {
        let facts = self.database.as_ref()?.facts(program).await;
        match facts {
            Ok(facts) => {
                let settings::Postgres {
                    database_connections_max: max, database_durability, ..
                } = *settings;
                let beside = if program == Program::Worker { CONNECTIONS_BESIDE } else { 0 };
                let (connections, durability) = (max.saturating_add(beside), database_durability);
                self.checks.postgres(&facts, connections, durability, clock::host());
                Some(facts.now)
            }
            Err(error) => {
                let what = format!("Postgres cannot be asked about itself: {}", chain(&error));
                self.checks.wrong(what, "DATABASE_URL: is it running, and is it right?");
                self.database = None;
                None
            }
        }
    }

    async fn ask_redis(&mut self, at_postgres: Option<domain::Instant>) {
        let Some(queue) = &self.queue else { return };
        match queue.facts().await {
            Ok(facts) => self.checks.redis(&facts, at_postgres),
            Err(error) => {
                let what = format!("Redis cannot be asked about itself: {}", chain(&error));
                self.checks.doubtful(what, "see docs/OPERATIONS.md");
            }
        }
    }
}

/// A handle on Postgres that fits the way to it. At a start it waits for Postgres, and applies
/// pending migrations.
async fn open_database(postgres: &settings::Postgres, manner: Manner) -> Result<Opened, String> {
    let (database, warning, migrated) = loop {
        let error = match fit(postgres, manner).await {
            Ok(opened) => break opened,
            Err(error) => error,
        };
        match manner {
            Manner::Start(deadline) if error.may_pass_soon() && Instant::now() <= deadline => {}
            _ => return Err(chain(&error)),
        }
        tracing::info!(cause = chain(&error), "waiting for Postgres");
        sleep(RETRY_PAUSE).await;
    };
    if let Some(Migrated::Waits(sessions)) = migrated {
        tracing::warn!(
            sessions,
            "the schema also serves the release before this one, because these sessions may be of \
             it: when it is stopped, start this release again or run `worker migrate --finish`"
        );
    }
    Ok((database, warning))
}

async fn fit(
    postgres: &settings::Postgres,
    manner: Manner,
) -> Result<(Database, Option<String>, Option<Migrated>), StoreError> {
    let Fitted { database, warning } = postgres.open().await?;
    let migrated = match manner {
        Manner::Start(_) => Some(database.migrate(Finish::WhenAlone).await?),
        Manner::Look => None,
    };
    Ok((database, warning, migrated))
}

/// Opens the queue. A start waits for a Redis that loads its data for as long as that takes. Such
/// a Redis is slow to answer: only when it has not said for a while that it loads, it is given up.
async fn open_queue(redis: &settings::Redis, mut manner: Manner) -> Result<Queue, String> {
    let mut told = String::new();
    loop {
        let error = match Queue::connect(redis.queue()).await {
            Ok(queue) => return Ok(queue),
            Err(error) => error,
        };
        let cause = chain(&error);
        let Manner::Start(deadline) = &mut manner else { return Err(cause) };
        match error.outlook() {
            Outlook::Hopeless => return Err(cause),
            Outlook::Hopeful if cause.contains(UNTRUSTED) => return Err(cause),
            Outlook::Hopeful if Instant::now() > *deadline => return Err(cause),
            Outlook::Hopeful => {}
            Outlook::Sure => *deadline = Instant::now() + WAIT_MAX,
        }
        if cause != told {
            tracing::info!(cause, "waiting for Redis");
            told = cause;
        }
        sleep(RETRY_PAUSE).await;
    }
}
