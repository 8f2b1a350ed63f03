//! Logs that cannot be written: the pipe is closed, nobody reads it, the disk is full.

use super::processes::{STOP_WITHIN, free};
use super::schedule::Plan;
use super::{Begun, Fault};
use crate::cluster::Cluster;
use crate::cluster::member::Member;
use anyhow::{Result, ensure};
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;

#[derive(Clone, Copy)]
enum Trouble {
    FullDisk,
    Stuck,
    Closed,
}

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    if plan.fault != Fault::SpoilLog {
        return None;
    }
    let member = free(cluster, plan, |_| true)?;
    let (trouble, name) = match plan.target % 3 {
        0 => (Trouble::FullDisk, "full disk"),
        1 => (Trouble::Stuck, "stuck pipe"),
        _ => (Trouble::Closed, "closed pipe"),
    };
    let target = format!("{}, {name}", member.name());
    Some(Begun::new(target, spoil(member, trouble, plan.lasts)))
}

/// The process works on a log that cannot be written, and has to stop as soon as any other.
async fn spoil(
    mut member: OwnedMutexGuard<Member>,
    trouble: Trouble,
    lasts: Duration,
) -> Result<()> {
    member.terminate(STOP_WITHIN).await;
    let pipe =
        std::env::temp_dir().join(format!("faults-{}.{}", std::process::id(), member.name()));
    let reader = match trouble {
        Trouble::FullDisk => {
            member.start_logging_to(Path::new("/dev/full"))?;
            None
        }
        Trouble::Stuck | Trouble::Closed => {
            let reader = make_pipe(&pipe)?;
            member.start_logging_to(&pipe)?;
            std::fs::remove_file(&pipe)?;
            matches!(trouble, Trouble::Stuck).then_some(reader)
        }
    };
    sleep(lasts).await;
    member.terminate(STOP_WITHIN).await;
    drop(reader);
    member.start()
}

/// A pipe, and its only reader, who does not read.
fn make_pipe(path: &Path) -> Result<File> {
    ensure!(Command::new("mkfifo").arg(path).status()?.success(), "no pipe");
    // Opened for writing too, so that it need not wait for a writer.
    Ok(OpenOptions::new().read(true).write(true).open(path)?)
}
