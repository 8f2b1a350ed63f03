//! Faults that other users of the same Postgres cause: locks, full pools, ended connections.

use super::schedule::Plan;
use super::{Begun, Fault, age};
use crate::cluster::Cluster;
use crate::cluster::postgres::Postgres;
use anyhow::{Context, Result};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The time limit of the campaign's own statements, beside the time that a fault lasts.
const ADMIN_WITHIN: Duration = Duration::from_secs(10);

/// The rows of each kind that are moved to their end at once.
const AGED: usize = 6;

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    let (pool, lasts) = (cluster.admin.clone(), plan.lasts);
    let run = match plan.fault {
        Fault::CrashBackend => Begun::new("a backend", crash_backend(pool)),
        Fault::TerminateBackends if plan.variant => Begun::new("half", terminate(pool, 0.5)),
        Fault::TerminateBackends => Begun::new("all", terminate(pool, 1.0)),
        Fault::FillPool => {
            // This fault is not injected while Postgres is being started again.
            drop(cluster.postgres.try_lock().ok()?);
            Begun::new("postgres", fill(cluster.postgres.clone(), pool, lasts))
        }
        Fault::Deadlock => Begun::new("rows", bounded(lasts, deadlock(pool, lasts))),
        Fault::LongLock => Begun::new("rows", bounded(lasts, long_lock(pool, lasts))),
        Fault::Serializable => Begun::new("postgres", serializable(pool, lasts)),
        Fault::Age => Begun::new("rows", bounded(lasts, age_several(pool))),
        _ => return None,
    };
    Some(run)
}

/// Moves several rows to their end.
async fn age_several(pool: PgPool) -> Result<()> {
    for _ in 0..AGED {
        age::inject(&pool).await?;
    }
    Ok(())
}

async fn bounded(lasts: Duration, run: impl Future<Output = Result<()>>) -> Result<()> {
    timeout(lasts + ADMIN_WITHIN, run).await.context("Postgres did not answer")?
}

/// Kills one backend by its process id, as an administrator could. It belongs to the campaign's own
/// Postgres.
async fn crash_backend(pool: PgPool) -> Result<()> {
    let query = "SELECT pid FROM pg_stat_activity WHERE usename = 'commerce' \
                 ORDER BY random() LIMIT 1";
    let pid: Option<i32> = sqlx::query_scalar(query).fetch_optional(&pool).await?;
    let Some(pid) = pid else { return Ok(()) };
    let comm = std::fs::read_to_string(format!("/proc/{pid}/comm"))?;
    anyhow::ensure!(comm.trim() == "postgres", "process {pid} is a {comm} by now");
    let kill = format!("kill -s KILL {pid}");
    std::process::Command::new("sh").args(["-c", &kill]).status()?;
    Ok(())
}

async fn terminate(pool: PgPool, share: f64) -> Result<()> {
    let query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE usename = 'commerce' AND random() < $1";
    sqlx::query(query).bind(share).execute(&pool).await?;
    Ok(())
}

/// Takes all free connections, then ends those of the product and takes these too.
async fn fill(postgres: Arc<Mutex<Postgres>>, pool: PgPool, lasts: Duration) -> Result<()> {
    let end = Instant::now() + lasts;
    let most = postgres.lock().await.connections_max();
    let mut hogs = Vec::new();
    for round in 0..2 {
        if round > 0 {
            let query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE usename = 'commerce' AND application_name <> 'hog'";
            sqlx::query(query).execute(&pool).await?;
        }
        for _ in 0..most {
            let connected = postgres.lock().await.connect_as_product().await;
            let Ok(mut hog) = connected else { break };
            sqlx::query("SET application_name = 'hog'").execute(&mut hog).await?;
            hogs.push(hog);
        }
    }
    sleep_until(end).await;
    Ok(())
}

/// Locks gifts, then subscriptions, then users, which is not the order of the product. Postgres
/// ends the side that finds the deadlock first.
async fn deadlock(pool: PgPool, lasts: Duration) -> Result<()> {
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        let mut tx = pool.begin().await?;
        for lock in [
            "SELECT 1 FROM (SELECT id FROM gifts ORDER BY id DESC LIMIT 20 FOR UPDATE) AS g",
            "SELECT 1 FROM (SELECT id FROM subscriptions WHERE status = 'active' \
             ORDER BY id DESC LIMIT 20 FOR UPDATE) AS s",
            "SELECT 1 FROM (SELECT id FROM users ORDER BY id DESC FOR UPDATE) AS u",
        ] {
            // The fault has worked, whichever side Postgres ends.
            if sqlx::query(lock).execute(&mut *tx).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(30)).await;
        }
        tx.rollback().await.ok();
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn long_lock(pool: PgPool, lasts: Duration) -> Result<()> {
    let mut tx = pool.begin().await?;
    let lock = "SELECT 1 FROM (SELECT id FROM users WHERE random() < 0.5 ORDER BY id \
                FOR UPDATE) AS u";
    sqlx::query(lock).execute(&mut *tx).await?;
    sleep(lasts).await;
    Ok(tx.rollback().await?)
}

/// Makes SERIALIZABLE the default. Only new connections get it, so the old ones are ended.
async fn serializable(pool: PgPool, lasts: Duration) -> Result<()> {
    let set = "ALTER ROLE commerce SET default_transaction_isolation = 'serializable'";
    sqlx::query(set).execute(&pool).await?;
    terminate(pool.clone(), 1.0).await?;
    sleep(lasts).await;
    let reset = "ALTER ROLE commerce RESET default_transaction_isolation";
    loop {
        match sqlx::query(reset).execute(&pool).await {
            Ok(_) => break,
            // Another fault may have stopped Postgres. This fault is not over before it is undone.
            Err(_) => sleep(Duration::from_millis(250)).await,
        }
    }
    terminate(pool, 1.0).await
}
