//! Faults of the product's own processes.

use super::schedule::Plan;
use super::{Begun, Fault};
use crate::cluster::member::Member;
use crate::cluster::{Cluster, ORPHAN_SECONDS};
use anyhow::Result;
use e2e::{Kind, Signal};
use std::time::Duration;
use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;

/// The time that a process has to stop. The product needs less.
pub(super) const STOP_WITHIN: Duration = Duration::from_secs(40);

pub(super) fn begin(cluster: &Cluster, plan: &Plan) -> Option<Begun> {
    let (lasts, at_once) = (plan.lasts, plan.variant);
    let pause = if at_once { Duration::ZERO } else { lasts };
    let kind = match plan.fault {
        Fault::KillWorker | Fault::TermWorker | Fault::StopWorker => Kind::Worker,
        Fault::KillApi | Fault::TermApi | Fault::StopApi => Kind::Api,
        Fault::JumpClock => {
            let member = free(cluster, plan, Member::has_clock)?;
            let offset = if plan.variant { 3600 } else { -3600 };
            let killed = plan.target.is_multiple_of(2);
            let end = if killed { ", then killed" } else { "" };
            let target = format!("{} {offset:+} s{end}", member.name());
            return Some(Begun::new(target, jump(member, offset, lasts, killed)));
        }
        _ => return None,
    };
    let member = free(cluster, plan, |member| member.kind() == kind)?;
    let target = member.name().to_owned();
    Some(match plan.fault {
        Fault::KillWorker | Fault::KillApi => Begun::new(target, kill(member, pause)),
        Fault::TermWorker | Fault::TermApi => Begun::new(target, terminate(member, pause)),
        Fault::StopWorker => {
            let lasts = lasts + Duration::from_secs(ORPHAN_SECONDS);
            Begun::new(target, stop(member, lasts))
        }
        _ => Begun::new(target, stop(member, lasts)),
    })
}

/// A process that no other fault is breaking.
pub(super) fn free(
    cluster: &Cluster,
    plan: &Plan,
    suits: impl Fn(&Member) -> bool,
) -> Option<OwnedMutexGuard<Member>> {
    let members = cluster.members.iter().filter_map(|m| m.clone().try_lock_owned().ok());
    let mut suitable: Vec<_> = members.filter(|member| suits(member)).collect();
    if suitable.is_empty() {
        return None;
    }
    let place = plan.target % suitable.len();
    Some(suitable.swap_remove(place))
}

async fn kill(mut member: OwnedMutexGuard<Member>, pause: Duration) -> Result<()> {
    member.kill();
    sleep(pause).await;
    member.start()
}

async fn terminate(mut member: OwnedMutexGuard<Member>, pause: Duration) -> Result<()> {
    member.terminate(STOP_WITHIN).await;
    sleep(pause).await;
    member.start()
}

async fn stop(member: OwnedMutexGuard<Member>, lasts: Duration) -> Result<()> {
    member.process()?.signal(Signal::Stop)?;
    sleep(lasts).await;
    member.process()?.signal(Signal::Continue)
}

/// Makes the clock of a process jump. What the process writes by the wrong clock stays when it is
/// killed.
async fn jump(
    mut member: OwnedMutexGuard<Member>,
    offset: i32,
    lasts: Duration,
    killed: bool,
) -> Result<()> {
    member.set_clock(offset)?;
    sleep(lasts).await;
    if killed {
        member.kill();
    }
    member.set_clock(0)?;
    if killed { member.start() } else { Ok(()) }
}
