//! One campaign, from an empty cluster to a verdict.

mod end;
mod load;

use crate::checker::{self, Evidence};
use crate::client::Apis;
use crate::cluster::{Cluster, GIFT_TTL_DAYS, rows};
use crate::history::Recorder;
use crate::nemesis::Fault;
use crate::options::Options;
use crate::progress::say;
use crate::recovery::{judge, losses};
use crate::report::{self, Campaign, memory};
use anyhow::{Context, Result};
use e2e::Kind;
use end::End;
use load::load;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};

/// The time for everything after the last fault. Each step has a bound of its own; this is more
/// than all of them together.
const END_WITHIN: Duration = Duration::from_mins(45);

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

async fn conduct(options: &Options, folder: &Path) -> Result<bool> {
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
    let tester = cluster.tester.clone();
    let tester = Some((tester.client, tester.api_key));
    let apis = Apis::new(&addresses, tester, recorder.clone())?;
    let supervisor = tokio::spawn(Cluster::supervise(cluster.members.clone()));

    let storm = load(options, &cluster, &apis, &recorder);
    let (injected, mut bank) = LocalSet::new().run_until(storm).await?;
    let (cluster, recorder, apis) = (&*cluster, &*recorder, &apis);
    let mut end = End { options, cluster, apis, recorder, incidents: Vec::new() };
    let ended = timeout(END_WITHIN, async {
        cluster.heal().await?;
        let recovery = end.recover(&mut bank).await?;
        let unverified = end.verify().await?;
        end.lapse().await?;
        let leftovers = cluster.redis.lock().await.leftovers().await?;
        let database = cluster.postgres.lock().await.store()?;
        let rows = rows::read(&cluster.admin, &database).await.context("reading the rows")?;
        anyhow::Ok((recovery, unverified, leftovers, rows))
    });
    let (recovery, unverified, leftovers, rows) = ended.await.context("the end hangs")??;
    let mut incidents = end.incidents;
    supervisor.abort();
    let revivals = cluster.revivals().await;
    incidents.extend(cluster.stop().await);

    let history = recorder.history();
    let (requests, entries, memory) = (history.len(), rows.log.len(), memory::now());
    say(&format!(
        "judging {requests} exchanges and {entries} rows of the command log; {memory} MB"
    ));
    let began = Instant::now();
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
    let judged = began.elapsed();
    let campaign = Campaign {
        options,
        evidence,
        violations: &violations,
        injected,
        recovery,
        unverified,
        judged,
        revivals,
    };
    report::write(&campaign, folder)?;
    Ok(violations.is_empty())
}
