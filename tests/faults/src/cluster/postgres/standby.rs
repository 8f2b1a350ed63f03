//! The standby, which follows the primary and can take its place.

use super::programs::{as_postgres, run};
use super::server::Server;
use super::{Postgres, START_WITHIN};
use anyhow::{Context, Result, ensure};
use e2e::{eventually, eventually_true};
use sqlx::{Connection, PgConnection};
use std::process::Command;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// The time within which a standby that follows has all that its primary has.
const IN_STEP_WITHIN: Duration = Duration::from_secs(20);

/// The time within which a new standby follows.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(10);

const FOLLOWS: &str = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
const IS_SYNCHRONOUS: &str = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";

impl Postgres {
    /// Whether there is a standby.
    #[must_use]
    pub fn has_standby(&self) -> bool {
        self.standby.is_some()
    }

    /// Makes a standby of the primary, and waits until it follows. Other faults may end what it
    /// does, which is then begun anew.
    pub async fn build_standby(&mut self) -> Result<()> {
        let built = eventually("a standby is built", START_WITHIN, async || {
            let mut standby = self.copied().await?;
            eventually_true("the standby follows", FOLLOWS_WITHIN, async || {
                standby.start(&self.bin, &self.log, self.connections_max).await?;
                self.knows_standby(FOLLOWS).await
            })
            .await?;
            Ok(Some(standby))
        });
        self.standby = Some(built.await?);
        Ok(())
    }

    /// A server with a copy of what the primary has.
    async fn copied(&self) -> Result<Server> {
        let copy = Server::new(&self.home)?;
        let (program, mut args) = as_postgres(&self.bin.join("pg_basebackup"))?;
        args.extend(["-D".to_owned(), copy.data.display().to_string()]);
        args.extend(["-R", "-X", "stream", "-c", "fast", "-d"].map(str::to_owned));
        let (host, port) = (self.address().ip(), self.address().port());
        args.push(format!(
            "host={host} port={port} user=postgres password={} application_name=standby",
            self.password
        ));
        let make = move || run(Command::new(program).args(args).current_dir("/"));
        spawn_blocking(make).await?.context("the primary cannot be copied")?;
        Ok(copy)
    }

    async fn knows_standby(&self, query: &'static str) -> Result<bool> {
        let mut connection = self.connect("postgres").await?;
        Ok(sqlx::query_scalar::<_, i64>(query).fetch_one(&mut connection).await? == 1)
    }

    /// Has every commit wait for the standby from now on. What was committed before is there too.
    pub async fn synchronise(&self) -> Result<()> {
        let mut connection = self.connect("postgres").await?;
        for statement in
            ["ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()"]
        {
            sqlx::query(statement).execute(&mut connection).await?;
        }
        eventually_true("the standby is synchronous", IN_STEP_WITHIN, async || {
            self.knows_standby(IS_SYNCHRONOUS).await
        })
        .await?;
        // A transaction with an id has a commit that is waited for.
        let commit = sqlx::query("SELECT txid_current()").execute(&mut connection);
        timeout(IN_STEP_WITHIN, commit).await.context("the standby does not confirm")??;
        Ok(())
    }

    /// Kills the primary and promotes the standby in its place. The data of the old primary is
    /// deleted.
    pub async fn fail_over(&mut self) -> Result<()> {
        let standby = self.standby.take().context("no standby")?;
        self.kill();
        let address = standby.address;
        let options = self.options("postgres", "postgres");
        let options = options.host(&address.ip().to_string()).port(address.port());
        let mut connection = PgConnection::connect_with(&options).await?;
        let promote = sqlx::query_scalar::<_, bool>("SELECT pg_promote(true, $1)");
        let seconds = i32::try_from(START_WITHIN.as_secs())?;
        let is_promoted = promote.bind(seconds).fetch_one(&mut connection).await?;
        ensure!(is_promoted, "the standby was not promoted");
        let old = std::mem::replace(&mut self.primary, standby);
        self.way.move_to(self.address().to_string());
        // Its last children may still be ending, which does not matter.
        std::fs::remove_dir_all(&old.data).ok();
        Ok(())
    }
}
