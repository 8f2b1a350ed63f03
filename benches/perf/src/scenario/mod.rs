//! What is measured, by name.

mod accept;
mod growth;
mod http;
mod pgbench;
mod redis;
mod renewals;
mod soak;
mod sweep;

pub(crate) use http::drive;

use crate::bench::Bench;
use crate::options::Options;
use crate::results::Sample;
use crate::stack::{Servers, Stack};
use anyhow::{Context, Result};

/// One line of the report.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Its name: `--only`, `results.json`.
    pub(crate) name: String,
    /// What has to run.
    pub(crate) servers: Servers,
    pub(crate) work: Work,
    /// How many connections.
    pub(crate) clients: usize,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Work {
    /// `POST /subscribe`, new users, new keys.
    Subscribe,
    /// `POST /subscribe` of a plan that costs something, from the simulated provider of a worker,
    /// which answers at once.
    Buy,
    /// [`Work::Subscribe`] with arrivals at a share of what 64 clients reached in a closed loop.
    Open(f64),
    /// All commands.
    Mixed,
    /// The same finished keys again.
    Replay,
    /// `GET /subscriptions/{id}`
    Read,
    /// A write in pgbench, by this script.
    Pgbench(&'static str),
    /// The admission script in redis-benchmark.
    RedisScript,
    /// `Prefer: respond-async` without a worker.
    Accept,
    /// A worker takes what [`Work::Accept`] has left.
    Drain,
    /// Nothing at all.
    Rest,
    /// Very many commands through a Redis that may forget answers soon.
    RedisMemory,
    /// A sweep of very many due rows, beside writes.
    Sweep,
    /// Very many renewals that are charged, beside writes.
    Renewals,
    /// [`Work::Open`] for an hour.
    Soak,
    /// Writes in a database of its own, which is small, or has grown to many rows.
    Growth { large: bool },
}

/// What the open loop takes its rate from.
const SATURATION: &str = "subscribe-64";

/// Jobs that are accepted while no worker runs, and then drained: some seconds of each.
const JOBS: u64 = 50_000;

/// How long a stack at rest is watched, in seconds.
const REST_SECONDS: u64 = 10;

/// What two builds are compared by, unless others are asked for.
const OF_TWO_BUILDS: &str =
    "subscribe-1,subscribe-16,subscribe-64,subscribe-256,replay-16,read-16,drain";

impl Scenario {
    /// What only `--long` does.
    fn is_long(&self) -> bool {
        let Self { work, .. } = self;
        matches!(
            work,
            Work::RedisMemory | Work::Sweep | Work::Renewals | Work::Soak | Work::Growth { .. }
        )
    }

    /// Whether one round of it is enough.
    pub(crate) fn is_once(&self) -> bool {
        self.is_long() || self.work == Work::Rest
    }

    /// Runs it. What it cannot do at all is an error; what goes wrong in it makes its sample
    /// invalid.
    pub(crate) async fn run(&self, bench: &mut Bench, stack: &mut Stack) -> Result<Sample> {
        // A drain goes on with what was accepted.
        if self.work != Work::Drain {
            stack.need(self.servers).await?;
        }
        stack.database.checkpoint().await?;
        let sample = match self.work {
            Work::Pgbench(script) => pgbench::run(bench, stack, script, self.clients).await,
            Work::RedisScript => redis::script(bench, stack, self.clients).await,
            Work::RedisMemory => redis::memory(bench, stack, self.clients).await,
            Work::Accept => accept::accept(bench, stack, self.clients).await,
            Work::Drain => accept::drain(stack).await,
            Work::Rest => accept::rest(bench, stack).await,
            Work::Sweep => sweep::run(bench, stack, self.clients).await,
            Work::Renewals => renewals::run(bench, stack, self.clients).await,
            Work::Soak => soak::run(bench, stack, self.clients).await,
            Work::Growth { large } => growth::run(bench, stack, large, self.clients).await,
            _ => http::run(bench, stack, self).await,
        };
        sample.with_context(|| format!("scenario {}", self.name))
    }
}

/// The scenarios of a round in their order: product and references by turns, so that what drifts on
/// the machine hits both.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    let mut add = |name: &str, servers, work, clients: &[usize]| {
        let name = |clients: usize| name.replace('#', &clients.to_string());
        let scenario = |clients| Scenario { name: name(clients), servers, work, clients };
        all.extend(clients.iter().copied().map(scenario));
    };
    let (none, one, accepting) = (Servers::None, Servers::Product(1), Servers::Product(0));
    let (sync, echo) = (Servers::Reference("sync"), Servers::Reference("echo"));
    add("sync-#", sync, Work::Subscribe, &[1, 16, 64]);
    add("sync-read-#", sync, Work::Read, &[16]);
    add("subscribe-#", one, Work::Subscribe, &[1, 4, 16, 64, 128, 256]);
    add("buy-#", one, Work::Buy, &[1, 64]);
    add("pgbench-commit-#", none, Work::Pgbench(pgbench::COMMIT), &[1]);
    add("pgbench-one-#", none, Work::Pgbench(pgbench::ONE), &[1, 16, 64]);
    add("open-70", one, Work::Open(0.7), &[64]);
    add("pgbench-separate-#", none, Work::Pgbench(pgbench::SEPARATE), &[1, 16, 64]);
    add("mixed-#", one, Work::Mixed, &[64]);
    add("replay-#", one, Work::Replay, &[16]);
    add("read-#", one, Work::Read, &[16]);
    add("echo-#", echo, Work::Subscribe, &[16, 64]);
    add("redis-script", accepting, Work::RedisScript, &[50]);
    add("accept-#", accepting, Work::Accept, &[64]);
    add("drain", accepting, Work::Drain, &[64]);
    add("pgbench-original-#", none, Work::Pgbench(pgbench::ORIGINAL), &[16, 64]);
    let separate = Work::Pgbench(pgbench::ORIGINAL_SEPARATE);
    add("pgbench-original-separate-#", none, separate, &[1, 64]);
    add("workers-2-#", Servers::Product(2), Work::Subscribe, &[64, 256]);
    add("workers-3-#", Servers::Product(3), Work::Subscribe, &[256]);
    for workers in [1, 2, 4, 8] {
        let name = format!("distant-{workers}-#");
        add(&name, Servers::Distant(workers), Work::Subscribe, &[256]);
    }
    add("rest", one, Work::Rest, &[1]);
    add("redis-memory", none, Work::RedisMemory, &[64]);
    add("sweep", none, Work::Sweep, &[64]);
    add("renewals", none, Work::Renewals, &[64]);
    add("soak", none, Work::Soak, &[64]);
    add("growth-small", none, Work::Growth { large: false }, &[64]);
    add("growth-large", none, Work::Growth { large: true }, &[64]);
    all
}

/// Those of a name that is asked for, or that begin with it if none has it, and what they build on.
/// Of two builds, only what is about the product.
pub(crate) fn chosen(options: &Options) -> Vec<Scenario> {
    let (all, two_builds) = (all(), options.against.is_some());
    let mut only = options.only.clone();
    if only.is_empty() && two_builds {
        only.extend(OF_TWO_BUILDS.split(',').map(ToOwned::to_owned));
    }
    let is_whole = |name: &String| all.iter().any(|scenario| scenario.name == *name);
    let wanted = |scenario: &Scenario| {
        let begins = |name: &String| scenario.name.starts_with(name) && !is_whole(name);
        let named = only.iter().any(|name| scenario.name == *name || begins(name));
        let is_usual = if scenario.is_long() { options.long } else { only.is_empty() };
        // An hour is for who asks for it.
        named || is_usual && scenario.work != Work::Soak
    };
    let any = |work: fn(&Work) -> bool| all.iter().any(|one| wanted(one) && work(&one.work));
    let open = any(|work| matches!(work, Work::Open(_)));
    let drain = any(|work| *work == Work::Drain);
    let mut chosen = all.clone();
    chosen.retain(|scenario| {
        let needed = open && scenario.name == SATURATION || drain && scenario.work == Work::Accept;
        let of_the_product = matches!(scenario.servers, Servers::Product(_) | Servers::Distant(_))
            && scenario.work != Work::RedisScript;
        (wanted(scenario) || needed) && (of_the_product || !two_builds)
    });
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn names(args: &str) -> String {
        let args = ["perf"].into_iter().chain(args.split_whitespace());
        let options = crate::options::Cli::parse_from(args).bench;
        let names: Vec<String> = chosen(&options).into_iter().map(|one| one.name).collect();
        names.join(",")
    }

    #[test]
    fn what_a_scenario_builds_on_is_run_too() {
        assert_eq!(names("--only drain"), "accept-64,drain");
        assert_eq!(names("--only open-7,subscribe-1"), "subscribe-1,subscribe-64,open-70");
        assert_eq!(names("--only nonsense"), "");
        assert_eq!(
            names("--only read --long"),
            "read-16,redis-memory,sweep,renewals,growth-small,growth-large"
        );
    }

    #[test]
    fn builds_are_compared_by_what_is_the_product() {
        assert_eq!(names("--against x"), OF_TWO_BUILDS.replace("drain", "accept-64,drain"));
        assert_eq!(names("--against x --only read,sync,echo"), "read-16");
    }
}
