//! `api plans`: what a client sells, as a file.

mod difference;
mod file;

use crate::cli::arguments::PlansCommand;
use crate::cli::database;
use crate::settings::Settings;
use anyhow::Context;
use difference::Difference;
use domain::{ClientId, Plan, PlanId};
use runtime::clock;
use std::fs;
use std::io::{Write, stdout};
use std::path::Path;
use store::Database;
use store::plans::{self, PageOf, Put, Wanted};

/// Who changed plans, in the audit.
const ACTOR: &str = "cli";

/// The id of a plan that is not made.
const UNMADE: PlanId = PlanId::new(0);

/// Runs one `api plans` command.
pub async fn run(command: PlansCommand, settings: &Settings) -> anyhow::Result<()> {
    let PlansCommand::Push { file, client, dry_run } = command;
    // The whole file first: one that has an error changes nothing.
    let wanted = read(&file)?;
    let database = database(settings).await?;
    let id = plans::client_named(&database, &client).await?;
    let id = id.with_context(|| format!("there is no client {client}: see `api clients list`"))?;
    push(&database, id, &wanted, dry_run).await
}

fn read(path: &Path) -> anyhow::Result<Vec<Wanted>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    file::parse(&text).with_context(|| format!("nothing is changed: {}", path.display()))
}

async fn push(
    database: &Database,
    client: ClientId,
    wanted: &[Wanted],
    dry_run: bool,
) -> anyhow::Result<()> {
    let before = all(database, client).await?;
    let puts = if dry_run {
        wanted.iter().map(|wanted| foreseen(&before, client, wanted)).collect()
    } else {
        plans::put(database, client, wanted, ACTOR).await?
    };
    let difference = Difference { puts: &puts, before: &before };
    let mut out = stdout().lock();
    write!(out, "{difference}")?;
    writeln!(out, "{}", if dry_run { "nothing is changed: this is a dry run" } else { "done" })?;
    Ok(())
}

/// What would come of a plan that is put now.
fn foreseen(before: &[Plan], client: ClientId, Wanted { code, spec }: &Wanted) -> Put {
    let before = before.iter().find(|plan| plan.code == *code).cloned();
    let new = || Plan::new(UNMADE, (client, code.clone()), spec, clock::now());
    let plan = before.as_ref().map_or_else(new, |old| old.revised(spec));
    Put { before, plan }
}

/// All plans of the client, retired ones too.
async fn all(database: &Database, client: ClientId) -> anyhow::Result<Vec<Plan>> {
    let all = PageOf { client, retired: true, after: None, limit: u32::MAX };
    Ok(plans::list(database, &all).await?.plans)
}
