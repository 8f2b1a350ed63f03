//! Faults of Redis and Postgres, and of the network between them and the product.

use super::schedule::Plan;
use super::{Begun, Fault};
use crate::cluster::Cluster;
use crate::cluster::postgres::Postgres;
use crate::cluster::redis::Redis;
use anyhow::Result;
use e2e::Proxy;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep};

/// The memory limit of the fault, in bytes. Any Redis of a running queue uses more.
const NO_MEMORY: u64 = 1;

/// How far the clock of Redis jumps, in seconds: an hour, and beyond the life of all that expires.
const JUMPS: [i32; 3] = [3600, -3600, 90_000];

/// The time between two fsyncs of Redis, with `appendfsync everysec`.
const FSYNC_INTERVAL: Duration = Duration::from_secs(1);

/// The time for which a slow network passes no bytes, and then the time for which it does.
const FIT: Duration = Duration::from_millis(60);
const START: Duration = Duration::from_millis(15);

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    use Fault::{
        CutPostgres, CutPowerOfRedis, CutRedis, EmptyRedis, FlushRedis, FreezePostgres,
        FreezeRedis, FullRedis, JumpRedisClock, KillPostgres, KillRedis, SilencePostgres,
        SilenceRedis, SlowPostgres, SlowRedis,
    };
    let (fault, lasts) = (plan.fault, plan.lasts);
    match fault {
        KillRedis | CutPowerOfRedis | EmptyRedis | FlushRedis | FullRedis => {
            let redis = cluster.redis.clone().try_lock_owned().ok()?;
            Some(match fault {
                KillRedis => Begun::new("redis", restart_redis(redis, lasts, false)),
                CutPowerOfRedis => {
                    // All that came since the last fsync, or some of it, which may end anywhere.
                    let kept = if plan.variant { 0 } else { plan.target % 100 };
                    Begun::new("redis", cut_power_of_redis(redis, lasts, kept))
                }
                EmptyRedis => Begun::new("redis", restart_redis(redis, lasts, true)),
                FlushRedis => Begun::new("redis", async move { redis.flush_all().await }),
                _ => Begun::new("redis", fill(redis, lasts)),
            })
        }
        JumpRedisClock => {
            let redis = cluster.redis.clone().try_lock_owned().ok()?;
            let ahead = *JUMPS.get(plan.target % JUMPS.len())?;
            let jumps = redis.has_clock();
            let target = format!("redis {ahead:+} s");
            jumps.then(|| Begun::new(target, jump(redis, ahead, lasts)))
        }
        KillPostgres => {
            let postgres = cluster.postgres.clone().try_lock_owned().ok()?;
            Some(Begun::new("postgres", restart_postgres(postgres, lasts)))
        }
        CutRedis | SlowRedis | FreezeRedis => {
            let proxy = cluster.redis_proxy.clone().try_lock_owned().ok()?;
            Some(Begun::new("redis's network", disturb(proxy, fault, lasts)))
        }
        CutPostgres | SlowPostgres | FreezePostgres => {
            let proxy = cluster.postgres_proxy.clone().try_lock_owned().ok()?;
            Some(Begun::new("postgres's network", disturb(proxy, fault, lasts)))
        }
        SilenceRedis => {
            let proxy = cluster.redis_proxy.clone().try_lock_owned().ok()?;
            let (target, sent): (_, &[u8]) =
                if plan.variant { ("redis", b"") } else { ("subscriptions", b"SUBSCRIBE") };
            Some(Begun::new(target, async move {
                let _ = proxy.silence_those_that_sent(sent);
                Ok(())
            }))
        }
        SilencePostgres => {
            let proxy = cluster.postgres_proxy.clone().try_lock_owned().ok()?;
            Some(Begun::new("postgres", async move {
                proxy.silence();
                Ok(())
            }))
        }
        _ => None,
    }
}

async fn restart_redis(
    mut redis: OwnedMutexGuard<Redis>,
    lasts: Duration,
    empty: bool,
) -> Result<()> {
    redis.kill();
    if empty {
        redis.forget()?;
    }
    sleep(lasts / 3).await;
    redis.resume().await
}

/// With `appendfsync everysec` what was written since the last fsync may be lost, which is as long
/// ago as a second. Of that so many hundredths are kept.
async fn cut_power_of_redis(
    mut redis: OwnedMutexGuard<Redis>,
    lasts: Duration,
    hundredths: usize,
) -> Result<()> {
    let synced = redis.log_size()?;
    sleep(lasts.min(FSYNC_INTERVAL)).await;
    let cut = redis.cut_power(synced, hundredths);
    sleep(lasts / 3).await;
    redis.resume().await?;
    cut
}

async fn fill(redis: OwnedMutexGuard<Redis>, lasts: Duration) -> Result<()> {
    redis.set_memory_max(NO_MEMORY).await?;
    sleep(lasts).await;
    redis.set_memory_max(0).await
}

async fn jump(redis: OwnedMutexGuard<Redis>, ahead: i32, lasts: Duration) -> Result<()> {
    redis.set_clock(ahead)?;
    sleep(lasts).await;
    redis.set_clock(0)
}

async fn restart_postgres(mut postgres: OwnedMutexGuard<Postgres>, lasts: Duration) -> Result<()> {
    postgres.kill();
    sleep(lasts / 3).await;
    postgres.resume().await
}

async fn disturb(proxy: OwnedMutexGuard<Proxy>, fault: Fault, lasts: Duration) -> Result<()> {
    let end = Instant::now() + lasts;
    match fault {
        Fault::CutRedis | Fault::CutPostgres => proxy.cut(),
        Fault::FreezeRedis | Fault::FreezePostgres => proxy.freeze(),
        _ => {
            while Instant::now() < end {
                proxy.freeze();
                sleep(FIT).await;
                proxy.restore();
                sleep(START).await;
            }
        }
    }
    tokio::time::sleep_until(end).await;
    proxy.restore();
    Ok(())
}
