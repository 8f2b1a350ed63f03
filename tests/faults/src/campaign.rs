//! One campaign, from an empty cluster to a verdict.

use crate::checker::{self, Evidence, Incident};
use crate::client::life::Life;
use crate::client::settle::{self, Bounds};
use crate::client::{Apis, Shop};
use crate::cluster::{Cluster, GIFT_TTL_DAYS, rows};
use crate::history::{Phase, Recorder};
use crate::nemesis::schedule::Schedule;
use crate::nemesis::{self, Fault, Injection};
use crate::options::Options;
use crate::progress::{Progress, say};
use crate::recovery::{judge, losses};
use crate::report::{self, Campaign};
use anyhow::{Context, Result};
use e2e::{Kind, eventually_true};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The time for requesting every key once more. It is not part of the recovery, but bounded too.
const VERIFY_WITHIN: Duration = Duration::from_mins(15);

/// The time for one of these requests. With nothing broken, an answer takes milliseconds.
const VERIFY_EACH_WITHIN: Duration = Duration::from_secs(15);

/// Runs a campaign. Returns `false` when a rule was violated.
pub async fn run(options: Options) -> Result<bool> {
    let folder = options.folder();
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for entry in std::fs::read_dir(&folder)?.flatten().filter(|e| e.path().is_file()) {
        std::fs::remove_file(entry.path())?;
    }
    say(&format!("seed {}; logs and report in {}", options.seed, folder.display()));
    // A signal drops the campaign, which ends everything that it has started.
    tokio::select! {
        ended = conduct(&options, &folder) => ended,
        signal = interrupted() => {
            signal?;
            anyhow::bail!("interrupted")
        }
    }
}

async fn interrupted() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => Ok(ended?),
        _ = terminate.recv() => Ok(()),
    }
}

async fn conduct(options: &Options, folder: &std::path::Path) -> Result<bool> {
    let cluster = Arc::new(Cluster::start(options, folder).await?);
    let recorder = Arc::new(Recorder::create(&folder.join("history.jsonl"))?);
    let mut addresses = Vec::new();
    for member in &cluster.members {
        let member = member.lock().await;
        addresses.extend((member.kind() == Kind::Api).then(|| member.address()));
    }
    let jumps = |fault: &Fault| matches!(fault, Fault::JumpClock | Fault::JumpRedisClock);
    if options.faults().iter().any(jumps) && !options.faketime.is_file() {
        say("no libfaketime on this machine: no clock will jump");
    }
    let apis = Apis::new(&addresses, recorder.clone())?;
    let supervisor = tokio::spawn(Cluster::supervise(cluster.members.clone()));

    let storm = load(options, &cluster, &apis, &recorder);
    let injected = LocalSet::new().run_until(storm).await?;
    cluster.heal().await?;
    let mut incidents = Vec::new();
    let recovery = recover(options, &cluster, &apis, &recorder, &mut incidents).await?;
    verify(&cluster, &apis, &recorder, &mut incidents).await?;
    let leftovers = cluster.redis.lock().await.leftovers().await?;
    let database = cluster.postgres.lock().await.store()?;
    let rows = rows::read(&cluster.admin, &database).await?;
    supervisor.abort();
    let revivals = cluster.revivals().await;
    incidents.extend(cluster.stop().await);

    let history = recorder.history();
    say(&format!(
        "judging {} exchanges and {} rows of the command log",
        history.len(),
        rows.log.len()
    ));
    let losses = losses(&injected);
    incidents.extend(judge(&injected, &history));
    let evidence = Evidence {
        history: &history,
        rows: &rows,
        leftovers: &leftovers,
        incidents: &incidents,
        losses: &losses,
        gift_ttl_days: GIFT_TTL_DAYS,
    };
    let violations = checker::check(&evidence);
    let campaign =
        Campaign { options, evidence, violations: &violations, injected, recovery, revivals };
    report::write(&campaign, folder)?;
    Ok(violations.is_empty())
}

/// Runs the clients and the nemesis for the duration of the campaign.
async fn load(
    options: &Options,
    cluster: &Arc<Cluster>,
    apis: &Apis,
    recorder: &Arc<Recorder>,
) -> Result<Vec<Injection>> {
    let (calm, home) = (CancellationToken::new(), CancellationToken::new());
    let injected = Arc::new(Mutex::new(Vec::new()));
    let gap = Duration::from_millis(options.gap);
    let schedule = Schedule::new(options.seed, options.faults(), gap);
    let storm =
        nemesis::run(cluster.clone(), schedule, recorder.clone(), injected.clone(), calm.clone());
    let storm = tokio::task::spawn_local(storm);
    let shop = Arc::new(Shop::default());
    let lives: Vec<_> = (0..usize::from(options.clients))
        .map(|number| Life::new(number, options.seed, apis.clone(), shop.clone()))
        .map(|life| tokio::spawn(life.run(home.clone())))
        .collect();

    let progress = Progress::new("faults", options.duration().as_secs());
    let count = || injected.lock().unwrap_or_else(PoisonError::into_inner).len();
    let began = Instant::now();
    while began.elapsed() < options.duration() {
        sleep(Duration::from_secs(1)).await;
        let message = format!("s; {} faults, {} requests", count(), recorder.len());
        progress.show(began.elapsed().as_secs(), &message);
    }
    calm.cancel();
    storm.await?;
    home.cancel();
    for life in lives {
        life.await?;
    }
    progress.finish();
    let injected = injected.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(injected.clone())
}

/// Waits after the last fault until every process is healthy, every key has its outcome and the
/// queue is empty. Notes an incident when that takes too long. Returns how long it took.
async fn recover(
    options: &Options,
    cluster: &Cluster,
    apis: &Apis,
    recorder: &Recorder,
    incidents: &mut Vec<Incident>,
) -> Result<Duration> {
    let began = Instant::now();
    let within = Duration::from_secs(options.recovery);
    if let Err(error) = cluster.wait_healthy(within).await {
        incidents.push(Incident(format!("{error:#}")));
    }
    let open = settle::open(&recorder.history());
    say(&format!("{} keys have no outcome yet: their clients ask again", open.len()));
    let progress = Progress::new("settling", open.len() as u64);
    let bounds = Bounds { deadline: began + within, each: within };
    let stuck = settle::insist(apis, &open, Phase::Settle, bounds, || progress.step()).await;
    progress.finish();
    drained(cluster, within.saturating_sub(began.elapsed()), incidents).await?;
    if stuck > 0 {
        incidents.push(Incident(format!("{stuck} keys had no outcome after {within:?}")));
    }
    Ok(began.elapsed())
}

async fn drained(cluster: &Cluster, within: Duration, incidents: &mut Vec<Incident>) -> Result<()> {
    let empty = eventually_true("the queue is drained", within, async || {
        sleep(Duration::from_millis(200)).await;
        let left = cluster.redis.lock().await.leftovers().await?;
        Ok(left.tasks.is_empty() && left.unfinished.is_empty())
    });
    if empty.await.is_err() {
        let left = cluster.redis.lock().await.leftovers().await?;
        let (tasks, unfinished) = (left.tasks, left.unfinished.len());
        incidents.push(Incident(format!("not drained: {tasks:?}, {unfinished} unfinished")));
    }
    Ok(())
}

/// Sends every request of every key once more. Half of them are answered from the records in Redis,
/// half from the command log alone.
async fn verify(
    cluster: &Cluster,
    apis: &Apis,
    recorder: &Recorder,
    incidents: &mut Vec<Incident>,
) -> Result<()> {
    let asked: Vec<_> = settle::by_key(&recorder.history()).into_values().collect();
    let bounds = Bounds { deadline: Instant::now() + VERIFY_WITHIN, each: VERIFY_EACH_WITHIN };
    let progress = Progress::new("verifying", asked.len() as u64);
    let (remembered, forgotten) = asked.split_at(asked.len() / 2);
    settle::insist(apis, remembered, Phase::Verify, bounds, || progress.step()).await;
    cluster.redis.lock().await.flush_all().await?;
    settle::insist(apis, forgotten, Phase::Verify, bounds, || progress.step()).await;
    progress.finish();
    drained(cluster, Duration::from_secs(20), incidents).await
}
