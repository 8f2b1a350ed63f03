//! Servers that take the place of others: the address moves to them.

use super::schedule::Plan;
use super::{Begun, Fault, Repair};
use crate::cluster::Cluster;
use crate::cluster::postgres::Postgres;
use crate::cluster::redis::Redis;
use anyhow::Result;
use e2e::Proxy;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;

/// The part of a fault's time by which a replica of Redis lags, and for which both servers are
/// masters then: up to half a second each.
const LAG: u32 = 6;

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    let lasts = plan.lasts;
    match plan.fault {
        Fault::DemoteRedis => {
            let redis = cluster.redis.clone().try_lock_owned().ok()?;
            let address = cluster.redis_proxy.clone().try_lock_owned().ok()?;
            Some(if plan.variant {
                let run = demote_before_the_address_moves(redis, address, lasts);
                Begun::with_repair("redis, late address", run)
            } else {
                let run = demote_after_the_address_has_moved(redis, address, lasts / LAG);
                Begun::with_repair("redis, lagging", run)
            })
        }
        Fault::PromoteStandby => {
            let postgres = cluster.postgres.clone().try_lock_owned().ok()?;
            let address = cluster.postgres_proxy.clone().try_lock_owned().ok()?;
            let synchrony = cluster.synchrony.clone().try_lock_owned().ok()?;
            let run = promote_standby(postgres, address, synchrony, lasts);
            Some(Begun::with_repair("postgres", run))
        }
        _ => None,
    }
}

/// The new master has all that the old one had. Clients meet a replica that only reads, until the
/// address moves.
async fn demote_before_the_address_moves(
    mut redis: OwnedMutexGuard<Redis>,
    address: OwnedMutexGuard<Proxy>,
    lasts: Duration,
) -> Result<Repair> {
    redis.in_step().await?;
    redis.promote().await?;
    redis.demote().await?;
    sleep(lasts).await;
    address.move_to(redis.address());
    Ok(Box::pin(async move { redis.in_step().await }))
}

/// What the old master is told last is lost: the new one lags, and those who are connected go on to
/// write to the old one.
async fn demote_after_the_address_has_moved(
    mut redis: OwnedMutexGuard<Redis>,
    address: OwnedMutexGuard<Proxy>,
    lag: Duration,
) -> Result<Repair> {
    redis.in_step().await?;
    redis.hold_back();
    sleep(lag).await;
    redis.promote().await?;
    address.move_to(redis.address());
    sleep(lag).await;
    redis.demote().await?;
    Ok(Box::pin(async move { redis.in_step().await }))
}

/// Every commit waits for the standby when the primary is killed, so nothing that was confirmed is
/// lost.
async fn promote_standby(
    mut postgres: OwnedMutexGuard<Postgres>,
    address: OwnedMutexGuard<Proxy>,
    synchrony: OwnedMutexGuard<()>,
    lasts: Duration,
) -> Result<Repair> {
    if !postgres.has_standby() {
        postgres.build_standby().await?;
    }
    if let Err(error) = postgres.synchronise().await {
        postgres.undo().await?;
        return Err(error);
    }
    sleep(lasts).await;
    let moved = postgres.fail_over().await;
    // Without a standby that takes its place the old primary goes on.
    postgres.resume().await?;
    address.move_to(postgres.address().to_string());
    // What other faults have undone last may not have reached the standby.
    postgres.undo().await?;
    moved?;
    Ok(Box::pin(async move {
        let built = postgres.build_standby().await;
        drop(synchrony);
        built
    }))
}
