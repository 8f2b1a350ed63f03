//! `worker check`: lists what keeps the worker from starting, and looks whether what is stored is
//! consistent, and whether anything is stuck.

use crate::settings::Settings;
use anyhow::{Context, ensure};
use chrono::TimeDelta;
use domain::{Gift, Instant, Subscription};
use runtime::bootstrap;
use serde::Serialize;
use std::io::{Write, stderr, stdout};
use store::check::Invariant;
use store::effects::{self, Count};
use store::scan::{self, Page, Place, Stored};
use store::{Database, Program, StoreError, clients, due};

/// The rows of one look.
const PAGE: u32 = 1_000;
/// What has been due for longer than this is stuck: every pass of every worker failed, or none ran.
const STUCK_AFTER: TimeDelta = TimeDelta::hours(1);
/// The most findings of a kind that are printed.
const SHOWN_MAX: usize = 20;
/// The most findings of an invariant that are counted for one client.
const FOUND_MAX: u32 = 1_000;

/// What was looked at, and what was found.
#[derive(Debug, Default, Serialize)]
struct Look {
    /// The name of what should hold.
    name: String,
    /// How many things break it, as far as they were counted.
    count: usize,
    /// Some of them.
    findings: Vec<String>,
}

/// Runs the command. Fails if it finds anything.
pub async fn run(json: bool, settings: &Settings) -> anyhow::Result<()> {
    let (postgres, redis) = (&settings.postgres, &settings.redis);
    let found = bootstrap::look(Program::Worker, postgres, redis, settings.checks()).await;
    if !json {
        write!(stdout(), "{}", found.checks)?;
    }
    let looks = match found.database {
        Some(database) => {
            rows(&database).await.context("cannot look into Postgres (DATABASE_URL)")?
        }
        None => Vec::new(),
    };
    show(json, &looks, &mut stdout())?;
    let findings: usize = looks.iter().map(|look| look.count).sum();
    ensure!(findings == 0, "{findings} findings");
    ensure!(!found.checks.refuse(), "the worker cannot start");
    if !json {
        writeln!(stdout(), "all is well")?;
    }
    Ok(())
}

fn show(json: bool, looks: &[Look], out: &mut impl Write) -> anyhow::Result<()> {
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(looks)?)?;
        return Ok(());
    }
    for Look { name, count, findings } in looks {
        let (name, more) = (name.replace('_', " "), count.saturating_sub(findings.len()));
        let result = if *count == 0 { "well".to_owned() } else { format!("{count} findings") };
        writeln!(out, "{name}: {result}")?;
        for finding in findings {
            writeln!(out, "  {finding}")?;
        }
        if more > 0 {
            writeln!(out, "  and {more} more")?;
        }
    }
    Ok(())
}

/// Looks at what is stored.
async fn rows(database: &Database) -> anyhow::Result<Vec<Look>> {
    let mut looks = Vec::new();
    let look = async |after| scan::subscriptions(database, after, PAGE).await;
    looks.push(due_at("subscription", look, Subscription::due_at).await?);
    let look = async |after| scan::gifts(database, after, PAGE).await;
    looks.push(due_at("gift", look, Gift::due_at).await?);

    let page = due::subscriptions(database, None, PAGE).await?;
    let since = page.rows.iter().map(|row| (row.cursor.id, page.now - row.cursor.due_at));
    looks.push(stuck("subscription", since));
    let page = due::gifts(database, None, PAGE).await?;
    let since = page.rows.iter().map(|row| (row.cursor.id, page.now - row.cursor.due_at));
    looks.push(stuck("gift", since));
    looks.push(failing(&effects::count(database).await?));
    let clients = clients::list(database).await?;
    for invariant in Invariant::ALL {
        let mut look = Look { name: invariant.as_str().to_owned(), ..Look::default() };
        for client in &clients {
            for finding in invariant.look(database, client.id, FOUND_MAX).await? {
                look.add(format!("client {}: {finding}", client.name));
            }
        }
        looks.push(look);
    }
    Ok(looks)
}

impl Look {
    fn add(&mut self, finding: String) {
        self.count += 1;
        if self.findings.len() < SHOWN_MAX {
            self.findings.push(finding);
        }
    }
}

/// The effects that have failed and are not done.
fn failing(counts: &[Count]) -> Look {
    let mut look = Look { name: "effects".to_owned(), ..Look::default() };
    for Count { kind, open, failing } in counts.iter().filter(|count| count.failing > 0) {
        look.add(format!("{kind}: {failing} of {open} effects have failed, and are not done"));
    }
    look
}

/// Compares the stored `due_at` of all rows of a table with what the rules say.
async fn due_at<T>(
    kind: &str,
    look: impl AsyncFn(Option<Place>) -> Result<Page<T>, StoreError>,
    rule: impl Fn(&T) -> Option<Instant>,
) -> Result<Look, StoreError> {
    let mut wrong = Look { name: format!("due_at_of_{kind}s"), ..Look::default() };
    let (mut rows, mut after) = (0, None);
    loop {
        let page = look(after).await?;
        for stored in &page.rows {
            if let Some(what) = finding(stored, &rule) {
                wrong.add(format!("{kind} {}: {what}", stored.id));
            }
        }
        rows += page.rows.len();
        if rows.is_multiple_of(100 * PAGE as usize) && rows > 0 {
            let _ = writeln!(stderr(), "{rows} rows of {kind}s so far");
        }
        after = page.next;
        if after.is_none() {
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

/// The rows that have been due for long.
fn stuck(kind: &str, due: impl Iterator<Item = (i64, TimeDelta)>) -> Look {
    let mut look = Look { name: format!("due_{kind}s"), ..Look::default() };
    for (id, since) in due.filter(|(_, since)| *since > STUCK_AFTER) {
        look.add(format!("{kind} {id}: due for {} minutes, and not done", since.num_minutes()));
    }
    look
}
