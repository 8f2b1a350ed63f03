//! `worker check`: lists what keeps the worker from starting, and looks whether what is stored is
//! consistent, and whether anything is stuck.

use crate::settings::Settings;
use anyhow::{Context, bail, ensure};
use chrono::TimeDelta;
use domain::{Gift, Instant, Subscription};
use runtime::bootstrap;
use runtime::checks::Checks;
use std::io::{Write, stderr, stdout};
use store::effects::{self, Count};
use store::scan::{self, Page, Place, Stored};
use store::{Database, Program, StoreError, due};

/// The rows of one look.
const PAGE: u32 = 1_000;
/// What has been due for longer than this is stuck: every pass of every worker failed, or none ran.
const STUCK_AFTER: TimeDelta = TimeDelta::hours(1);
/// The most findings of a kind that are printed.
const SHOWN_MAX: usize = 20;

/// Runs the command. Fails if it finds anything.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let (postgres, redis) = (&settings.postgres, &settings.redis);
    let found = bootstrap::look(Program::Worker, postgres, redis, Checks::default()).await;
    write!(stdout(), "{}", found.checks)?;
    if let Some(database) = found.database {
        rows(database).await?;
    }
    ensure!(!found.checks.refuse(), "the worker cannot start");
    writeln!(stdout(), "all is well")?;
    Ok(())
}

/// Looks at what is stored. Fails if it finds anything.
async fn rows(database: Database) -> anyhow::Result<()> {
    let cannot = "cannot look into Postgres (DATABASE_URL)";
    let mut findings = 0;
    let look = async |after| scan::subscriptions(&database, after, PAGE).await;
    findings += due_at("subscription", look, Subscription::due_at).await.context(cannot)?;
    let look = async |after| scan::gifts(&database, after, PAGE).await;
    findings += due_at("gift", look, Gift::due_at).await.context(cannot)?;

    let page = due::subscriptions(&database, None, PAGE).await.context(cannot)?;
    let since = page.rows.iter().map(|row| (row.cursor.id, page.now - row.cursor.due_at));
    findings += stuck("subscription", since)?;
    let page = due::gifts(&database, None, PAGE).await.context(cannot)?;
    let since = page.rows.iter().map(|row| (row.cursor.id, page.now - row.cursor.due_at));
    findings += stuck("gift", since)?;
    findings += failing(&effects::count(&database).await.context(cannot)?)?;
    if findings > 0 {
        bail!("{findings} findings");
    }
    Ok(())
}

/// Counts and shows the effects that have failed and are not done.
fn failing(counts: &[Count]) -> anyhow::Result<usize> {
    let mut findings = 0;
    for Count { kind, open, failing } in counts.iter().filter(|count| count.failing > 0) {
        writeln!(stdout(), "{kind}: {failing} of {open} effects have failed, and are not done")?;
        findings += usize::try_from(*failing)?;
    }
    Ok(findings)
}

/// Compares the stored `due_at` of all rows of a table with what the rules say.
async fn due_at<T>(
    kind: &str,
    look: impl AsyncFn(Option<Place>) -> Result<Page<T>, StoreError>,
    rule: impl Fn(&T) -> Option<Instant>,
) -> anyhow::Result<usize> {
    let (mut rows, mut wrong, mut after) = (0, 0, None);
    loop {
        let page = look(after).await?;
        for stored in &page.rows {
            let Some(what) = finding(stored, &rule) else { continue };
            if wrong < SHOWN_MAX {
                writeln!(stdout(), "{kind} {}: {what}", stored.id)?;
            }
            wrong += 1;
        }
        rows += page.rows.len();
        if rows.is_multiple_of(100 * PAGE as usize) && rows > 0 {
            let _ = writeln!(stderr(), "{rows} rows of {kind}s so far");
        }
        after = page.next;
        if after.is_none() {
            writeln!(stdout(), "{rows} {kind}s looked at, {wrong} wrong")?;
            return Ok(wrong);
        }
    }
}

/// What is wrong with a row. `None` if it is well.
fn finding<T>(stored: &Stored<T>, rule: impl Fn(&T) -> Option<Instant>) -> Option<String> {
    match &stored.row {
        Ok(row) if rule(row) == stored.due_at => None,
        Ok(row) => Some(format!("due_at is {:?}, and should be {:?}", stored.due_at, rule(row))),
        Err(error) => Some(error.to_string()),
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
