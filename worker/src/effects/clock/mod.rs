//! The effect `clock`: leads the clock of a test client to a target, by way of all that becomes due
//! until then.
//!
//! It visits the instants at which something is due in their order. At each it does what is due as
//! of that instant and sets the clock to it, in one transaction or several. So a worker that is
//! killed on the way leaves the clock at an instant that was visited, and another one goes on from
//! there. When nothing is due until the target any more, the job is answered.
//!
//! Time stands still while a payment of the client is in flight, because what comes of it belongs
//! to that instant. If one is in flight for long the advance ends there.

mod find;
mod in_flight;
mod step;

use super::ground::{Ground, Task};
use super::performed::Performed;
use super::settlement::Settled;
use crate::fault::Fault;
use domain::{Effect, Instant, Leap};
use in_flight::{InFlight, Wait};
use step::{Done, Step};
use store::due;

/// The most commands of one transaction.
const BATCH_MAX: usize = 128;
/// How often what was found due may turn out not to be before that counts as a fault.
const VAIN_MAX: u32 = 3;

/// Leads the clock to the target of `leap`, and returns the entry of the job that was answered by
/// it, unless it was answered before.
pub(crate) async fn lead(
    ground: &Ground,
    Task { effect, claim, .. }: Task<'_>,
    leap: Leap,
) -> Result<Performed, Fault> {
    let step = Step::of(ground, effect, claim);
    let (mut leap, mut vain) = (leap, 0);
    let mut in_flight = InFlight::of(effect.client);
    loop {
        let done = if in_flight.wait(ground).await? == Wait::TooLong {
            step.settle(leap, true).await?
        } else if let Some(instant) = next(ground, effect, leap.to).await? {
            visit(ground, &step, &mut leap, instant).await?
        } else {
            ground.wait_for_turn().await?;
            step.settle(leap, false).await?
        };
        match done {
            Done::Visited { decided, .. } => vain = if decided > 0 { 0 } else { vain + 1 },
            Done::Overtaken { leap: further } => leap = further,
            Done::Gone => {
                // Nobody waits for it.
                ground.forget(claim).await?;
                return Ok(Performed::done(Settled::default()));
            }
            Done::InFlight => vain = 0,
            Done::Settled(entries) => {
                return Ok(Performed::done(Settled { entries, ..Settled::default() }));
            }
        }
        if vain > VAIN_MAX {
            return Err(Fault::NotDue);
        }
    }
}

async fn next(ground: &Ground, effect: &Effect, to: Instant) -> Result<Option<Instant>, Fault> {
    let look = |_| async { Ok(due::next_instant(&ground.database, effect.client, to).await?) };
    ground.retry_policy.with_postgres(look).await
}

/// Does what is due first of all that is due at an instant.
async fn visit(
    ground: &Ground,
    step: &Step<'_>,
    leap: &mut Leap,
    instant: Instant,
) -> Result<Done, Fault> {
    let (database, client) = (&ground.database, step.client());
    let look = |_| async { find::first(database, client, instant).await };
    let jobs = ground.retry_policy.with_postgres(look).await?;
    let mut decided = 0;
    for batch in jobs.chunks(BATCH_MAX) {
        ground.wait_for_turn().await?;
        match step.visit(*leap, instant, batch).await? {
            Done::Visited { leap: further, decided: more } => {
                *leap = further;
                decided += more;
            }
            other => return Ok(other),
        }
    }
    Ok(Done::Visited { leap: *leap, decided })
}
