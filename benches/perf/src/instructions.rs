//! `--instructions`: how many instructions the api and the worker spend on an operation, counted by
//! callgrind. No neighbour of this machine disturbs such a figure: it is the one to compare builds by.
//! One client, so that every batch is of one command.

use crate::driver::{Connection, Load};
use crate::loads::{Get, Replay, Subscribe, Who};
use crate::progress::Progress;
use crate::scenario::Bench;
use crate::stack::{READERS, Servers};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A start-up is counted too, and taken off again: both counts have it.
const FEW: u64 = 200;
const MANY: u64 = 1_200;

/// Seconds that all of it takes, roughly: under callgrind everything is some fifty times slower.
pub(crate) const SECONDS: f64 = 150.0;

/// What an operation costs, by component.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// Which operation.
    pub(crate) operation: String,
    /// Instructions each, by component.
    pub(crate) each: BTreeMap<String, f64>,
}

/// Counts them.
pub(crate) async fn run(bench: &mut Bench, progress: &mut Progress) -> Result<Vec<Instructions>> {
    let mut found = Vec::new();
    for operation in ["subscribe", "replay", "read"] {
        progress.begin(&format!("instructions: {operation}"), SECONDS / 3.0);
        let few = count(bench, operation, FEW).await?;
        let many = count(bench, operation, MANY).await?;
        let each = many.into_iter().map(|(component, many)| {
            let few = few.get(&component).copied().unwrap_or_default();
            (component, (many - few) / crate::number::float(MANY - FEW))
        });
        found.push(Instructions { operation: operation.to_owned(), each: each.collect() });
    }
    Ok(found)
}

/// The instructions of whole processes that answered so many requests.
async fn count(bench: &mut Bench, operation: &str, times: u64) -> Result<BTreeMap<String, f64>> {
    bench.stack.stop().await?;
    bench.stack.callgrind = true;
    let counted = ask(bench, operation, times).await;
    bench.stack.callgrind = false;
    // They write their counts when they are asked to stop.
    bench.stack.stop().await?;
    counted?;
    let total = |component: &str| {
        let total = total(&bench.stack.counts_of(component));
        Ok((component.to_owned(), total?))
    };
    ["api", "worker"].into_iter().map(total).collect()
}

async fn ask(bench: &mut Bench, operation: &str, times: u64) -> Result<()> {
    bench.stack.need(Servers::Product { workers: 1 }).await?;
    let users = bench.stack.database.users(i64::try_from(times)?).await?;
    let run = bench.next_run();
    let mut load: Box<dyn Load> = match operation {
        "subscribe" => Box::new(Subscribe { users, run, no_wait: false, left: None }),
        "replay" => Box::new(Replay::new(1, &users, run)),
        _ => Box::new(Get::new(Who { first: 1, last: READERS }, bench.options.seed)),
    };
    let mut connection = Connection::new(bench.stack.address()?);
    let mut request = Vec::new();
    for _ in 0..times {
        request.clear();
        ensure!(load.next(0, &mut request), "{operation}: nothing left to ask for");
        let reply = connection.ask(&request).await?;
        let status = reply.status;
        ensure!(load.answered(0, reply), "{operation} is answered with {status}");
    }
    Ok(())
}

/// The last line of a file of callgrind that begins with `totals:`.
fn total(file: &Path) -> Result<f64> {
    let bytes = std::fs::read(file).with_context(|| format!("no {}", file.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.context("callgrind counted nothing")?.trim().parse()?)
}
