//! `worker check`: looks whether what is stored is consistent, and whether anything is stuck.

use anyhow::{Context, bail};
use chrono::TimeDelta;
use runtime::settings::Postgres;
use std::io::{Write, stderr, stdout};
use store::check::{self, Checked};
use store::{Database, StoreError, due};

/// The rows of one look.
const PAGE: u32 = 1_000;
/// What has been due for longer than this is stuck: every pass of every worker failed, or none ran.
const STUCK_AFTER: TimeDelta = TimeDelta::hours(1);
/// The most findings of a kind that are printed.
const SHOWN_MAX: usize = 20;

/// Runs the command. Fails if it finds anything.
pub async fn run(postgres: &Postgres) -> anyhow::Result<()> {
    let url = postgres.database_url.expose();
    let database = Database::new(url, postgres.database_connections_max)?;
    let cannot = "cannot look into Postgres (DATABASE_URL)";
    let mut findings = 0;
    let look = async |after| check::subscriptions(&database, after, PAGE).await;
    findings += due_at("subscription", look).await.context(cannot)?;
    let look = async |after| check::gifts(&database, after, PAGE).await;
    findings += due_at("gift", look).await.context(cannot)?;

    let page = due::subscriptions(&database, None, PAGE).await.context(cannot)?;
    let since = page.rows.iter().map(|row| (row.cursor.id, page.now - row.cursor.due_at));
    findings += stuck("subscription", since)?;
    let page = due::gifts(&database, None, PAGE).await.context(cannot)?;
    let since = page.rows.iter().map(|row| (row.cursor.id, page.now - row.cursor.due_at));
    findings += stuck("gift", since)?;
    if findings > 0 {
        bail!("{findings} findings");
    }
    writeln!(stdout(), "all is well")?;
    Ok(())
}

/// Compares the stored `due_at` of all rows of a table with what the rules say.
async fn due_at(
    kind: &str,
    look: impl AsyncFn(Option<check::Place>) -> Result<Checked, StoreError>,
) -> anyhow::Result<usize> {
    let (mut rows, mut wrong, mut after) = (0, 0, None);
    loop {
        let checked = look(after).await?;
        rows += checked.rows;
        for (id, what) in &checked.wrong {
            if wrong < SHOWN_MAX {
                writeln!(stdout(), "{kind} {id}: {what}")?;
            }
            wrong += 1;
        }
        if rows.is_multiple_of(100 * PAGE as usize) && rows > 0 {
            writeln!(stderr(), "{rows} rows of {kind}s so far")?;
        }
        after = checked.next;
        if after.is_none() {
            writeln!(stdout(), "{rows} {kind}s looked at, {wrong} wrong")?;
            return Ok(wrong);
        }
    }
}

/// Counts and shows the rows that have been due for long.
fn stuck(kind: &str, due: impl Iterator<Item = (i64, TimeDelta)>) -> anyhow::Result<usize> {
    let stuck: Vec<_> = due.filter(|(_, since)| *since > STUCK_AFTER).collect();
    for (id, since) in stuck.iter().take(SHOWN_MAX) {
        writeln!(stdout(), "{kind} {id}: due for {} minutes, and not done", since.num_minutes())?;
    }
    Ok(stuck.len())
}
