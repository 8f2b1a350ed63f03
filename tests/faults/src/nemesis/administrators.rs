//! What the administrators of Postgres do beside a running product: they refuse logins, take rights
//! away, hold a row, and change a column.

use super::schedule::Plan;
use super::{Begun, Fault};
use crate::cluster::Cluster;
use anyhow::Result;
use sqlx::PgPool;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;

/// How much longer than other faults a row is held: up to 45 s.
const HOLD: u32 = 15;

/// The pause before what could not be undone is tried again: another fault may have stopped
/// Postgres.
const AGAIN: Duration = Duration::from_millis(250);

const END_SESSIONS: &str =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'commerce'";

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    let (pool, lasts) = (cluster.admin.clone(), plan.lasts);
    Some(match plan.fault {
        Fault::RefuseLogins if plan.variant => {
            let (forbid, permit) = (
                "ALTER DATABASE commerce ALLOW_CONNECTIONS false",
                "ALTER DATABASE commerce ALLOW_CONNECTIONS true",
            );
            Begun::new("the database", refuse(cluster.maintenance.clone(), forbid, permit, lasts))
        }
        Fault::RefuseLogins => {
            let (forbid, permit) = ("ALTER ROLE commerce NOLOGIN", "ALTER ROLE commerce LOGIN");
            Begun::new("the role", refuse(cluster.maintenance.clone(), forbid, permit, lasts))
        }
        Fault::TakeRights => Begun::new("tables", take_rights(pool, lasts)),
        Fault::HoldRow => Begun::new("a user", hold_row(pool, lasts * HOLD)),
        Fault::LoseStandby => {
            let synchrony = cluster.synchrony.clone().try_lock_owned().ok()?;
            Begun::new("commits", lose_standby(pool, synchrony, lasts))
        }
        Fault::AlterTable => Begun::new("users.email", alter_table(pool, lasts)),
        _ => return None,
    })
}

/// Does it until it is done: a fault is not over before it is undone.
async fn insist(pool: &PgPool, statement: &'static str) {
    while sqlx::query(statement).execute(pool).await.is_err() {
        sleep(AGAIN).await;
    }
}

/// The campaign's own connections are those of a superuser, and stay.
async fn refuse(
    pool: PgPool,
    forbid: &'static str,
    permit: &'static str,
    lasts: Duration,
) -> Result<()> {
    sqlx::query(forbid).execute(&pool).await?;
    // Postgres may be stopped at any time, which ends the sessions, too.
    sqlx::query(END_SESSIONS).execute(&pool).await.ok();
    sleep(lasts).await;
    insist(&pool, permit).await;
    Ok(())
}

/// The owner of a table can lose the rights on it, too.
async fn take_rights(pool: PgPool, lasts: Duration) -> Result<()> {
    let revoke = "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM commerce";
    sqlx::query(revoke).execute(&pool).await?;
    sleep(lasts).await;
    insist(&pool, "GRANT ALL ON ALL TABLES IN SCHEMA public TO commerce").await;
    Ok(())
}

/// One row, as when somebody leaves a transaction open in psql.
async fn hold_row(pool: PgPool, lasts: Duration) -> Result<()> {
    let mut tx = pool.begin().await?;
    let lock = "SELECT id FROM users ORDER BY random() LIMIT 1 FOR UPDATE";
    sqlx::query(lock).execute(&mut *tx).await?;
    sleep(lasts).await;
    // Postgres may have been stopped meanwhile, which ends it, too.
    tx.rollback().await.ok();
    Ok(())
}

/// Every commit waits for a standby that has gone, until an administrator does without it. A commit
/// that waits is on disk already.
async fn lose_standby(pool: PgPool, synchrony: OwnedMutexGuard<()>, lasts: Duration) -> Result<()> {
    insist(&pool, "ALTER SYSTEM SET synchronous_standby_names = 'gone'").await;
    insist(&pool, "SELECT pg_reload_conf()").await;
    sleep(lasts).await;
    insist(&pool, "ALTER SYSTEM RESET synchronous_standby_names").await;
    insist(&pool, "SELECT pg_reload_conf()").await;
    drop(synchrony);
    Ok(())
}

/// The type of a column changes, and the plans that know it are of no use any more.
async fn alter_table(pool: PgPool, lasts: Duration) -> Result<()> {
    insist(&pool, "ALTER TABLE users ALTER email TYPE varchar(254)").await;
    sleep(lasts).await;
    insist(&pool, "ALTER TABLE users ALTER email TYPE text").await;
    Ok(())
}
