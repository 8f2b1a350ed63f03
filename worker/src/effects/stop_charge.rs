//! The effect `stop_charge`: has a provider give up a charge that waits for the user. If it has
//! come to another end meanwhile, that is settled: what was taken is paid back.

use super::backoff;
use super::ground::{Ground, Task};
use super::performed::Performed;
use super::settlement::{Course, Settled};
use crate::fault::Fault;
use crate::provider::{Call, Reply};
use domain::{SettlePayment, StopCharge};

/// Gives it up.
pub(crate) async fn perform(
    ground: &Ground,
    Task { effect, claim, attempts, .. }: Task<'_>,
    stop: &StopCharge,
) -> Result<Performed, Fault> {
    let client = effect.client;
    let customers = ground.customers((client, stop.user), stop.provider).await?;
    let call = Call { client, what: stop };
    match ground.unless_stopped(ground.providers.stop(call, &customers)).await? {
        Reply::Said(None) => {
            ground.forget(claim).await?;
            Ok(Performed::done(Settled::default()))
        }
        Reply::Said(Some(outcome)) => {
            let command = SettlePayment { payment_id: stop.payment, outcome };
            let course = Course::Done(claim);
            ground.settle(client, command.into(), course).await.map(Performed::done)
        }
        Reply::Unknown(cause) | Reply::Unsent(cause) => {
            tracing::warn!(payment = %stop.payment, cause, "a charge was not given up");
            Ok(Performed::later(backoff::pause(attempts)))
        }
    }
}
