//! Faults of the provider of payments, and of the network between it and the workers. That it
//! answers 500 after it has charged is told by tokens of the clients, and that its webhooks come
//! early, late, three times or never is the way that it runs.

use super::schedule::Plan;
use super::{Begun, Fault};
use crate::cluster::Cluster;
use crate::cluster::provider::Provider;
use anyhow::Result;
use e2e::{Proxy, Signal};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep, sleep_until};

/// The time for which a slow network passes no bytes, and then the time for which it does.
const FIT: Duration = Duration::from_millis(200);
const START: Duration = Duration::from_millis(15);

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    let lasts = plan.lasts;
    Some(match plan.fault {
        Fault::KillProvider => {
            let provider = cluster.provider.clone().try_lock_owned().ok()?;
            let pause = if plan.variant { Duration::ZERO } else { lasts };
            Begun::new("provider", kill(provider, pause))
        }
        Fault::StopProvider => {
            let provider = cluster.provider.clone().try_lock_owned().ok()?;
            Begun::new("provider", stop(provider, lasts))
        }
        Fault::CutProvider => {
            let proxy = cluster.provider_proxy.clone().try_lock_owned().ok()?;
            Begun::new("provider's network", cut(proxy, lasts))
        }
        Fault::SlowProvider => {
            let proxy = cluster.provider_proxy.clone().try_lock_owned().ok()?;
            Begun::new("provider's network", slow(proxy, lasts))
        }
        _ => return None,
    })
}

async fn kill(mut provider: OwnedMutexGuard<Provider>, pause: Duration) -> Result<()> {
    provider.kill();
    sleep(pause).await;
    provider.resume().await
}

async fn stop(provider: OwnedMutexGuard<Provider>, lasts: Duration) -> Result<()> {
    provider.process()?.signal(Signal::Stop)?;
    sleep(lasts).await;
    provider.process()?.signal(Signal::Continue)
}

async fn cut(proxy: OwnedMutexGuard<Proxy>, lasts: Duration) -> Result<()> {
    proxy.cut();
    sleep(lasts).await;
    proxy.restore();
    Ok(())
}

async fn slow(proxy: OwnedMutexGuard<Proxy>, lasts: Duration) -> Result<()> {
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        proxy.freeze();
        sleep(FIT).await;
        proxy.restore();
        sleep(START).await;
    }
    sleep_until(end).await;
    proxy.restore();
    Ok(())
}
