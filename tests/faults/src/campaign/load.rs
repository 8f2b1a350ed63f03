//! The load: clients, a bank, a clock that is moved, and the nemesis.

use crate::client::bank::Bank;
use crate::client::clock::ClockMover;
use crate::client::life::Life;
use crate::client::{Apis, Shop};
use crate::cluster::Cluster;
use crate::history::Recorder;
use crate::nemesis::schedule::Schedule;
use crate::nemesis::{self, Injection};
use crate::options::Options;
use crate::progress::Progress;
use crate::report::memory;
use anyhow::Result;
use domain::ClientId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Of so many clients of a campaign one commands for the test client.
const TESTERS: u16 = 6;

/// Runs everything for the duration of the campaign. Returns the faults, and the bank, which may
/// have something to tell still.
pub(super) async fn load(
    options: &Options,
    cluster: &Arc<Cluster>,
    apis: &Apis,
    recorder: &Arc<Recorder>,
) -> Result<(Vec<Injection>, Bank)> {
    let (calm, home) = (CancellationToken::new(), CancellationToken::new());
    let injected = Arc::new(Mutex::new(Vec::new()));
    let gap = Duration::from_millis(options.gap);
    let schedule = Schedule::new(options.seed, options.faults(), gap);
    let storm =
        nemesis::run(cluster.clone(), schedule, recorder.clone(), injected.clone(), calm.clone());
    let storm = tokio::task::spawn_local(storm);
    let tester = cluster.tester.client;
    let shops = [ClientId::LOCAL, tester].map(|owner| (owner, Arc::new(Shop::default())));
    let lives = lives(options, apis, &shops, &home);
    let bank = Bank::new(options.seed, apis.clone(), shops.to_vec());
    let bank = tokio::spawn(bank.run(home.clone()));
    let clock = ClockMover::new(tester, options.seed, apis.clone());
    let clock = tokio::spawn(clock.run(home.clone()));

    let progress = Progress::new("faults", options.duration().as_secs());
    let count = || injected.lock().unwrap_or_else(PoisonError::into_inner).len();
    let began = Instant::now();
    while began.elapsed() < options.duration() {
        sleep(Duration::from_secs(1)).await;
        let (faults, requests, memory) = (count(), recorder.len(), memory::now());
        let message = format!("s; {faults} faults, {requests} requests, {memory} MB");
        progress.show(began.elapsed().as_secs(), &message);
    }
    calm.cancel();
    storm.await?;
    home.cancel();
    for life in lives {
        life.await?;
    }
    clock.await?;
    let bank = bank.await?;
    progress.finish();
    let injected = injected.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((injected.clone(), bank))
}

fn lives(
    options: &Options,
    apis: &Apis,
    [local, tester]: &[(ClientId, Arc<Shop>); 2],
    home: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let all = (0..options.clients).map(|number| {
        let (owner, shop) = if number % TESTERS == TESTERS - 1 { tester } else { local };
        let of = (*owner, usize::from(number));
        tokio::spawn(Life::new(of, options.seed, apis.clone(), shop.clone()).run(home.clone()))
    });
    all.collect()
}
