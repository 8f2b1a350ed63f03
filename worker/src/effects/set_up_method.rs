//! The effect `set_up_method`: has a provider keep a payment method. It may be sent as often as
//! needed: the provider knows it by its key. After a day it is given up: no money is in it, and who
//! asked for it can hand the method over again.

use super::backoff;
use super::ground::{Ground, Task};
use super::performed::Performed;
use super::settlement::Course;
use crate::fault::Fault;
use crate::provider::{Call, Reply};
use chrono::TimeDelta;
use domain::{DeclineCode, EffectTask, MethodOutcome, SetUpMethod, SettleMethod};

/// The time after the first try at which it is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);

/// Sets it up.
pub(crate) async fn perform(
    ground: &Ground,
    Task { effect, claim, attempts, is_sent }: Task<'_>,
    method: &SetUpMethod,
) -> Result<Performed, Fault> {
    let mut method = method.clone();
    let first_sent = *method.first_sent.get_or_insert_with(|| ground.now());
    if !is_sent {
        ground.note(claim, &EffectTask::SetUpMethod(method.clone())).await?;
    }
    let call = Call { client: effect.client, what: &method };
    let outcome = match ground.unless_stopped(ground.providers.set_up_method(call)).await? {
        Reply::Said(outcome) => outcome,
        Reply::Unknown(cause) | Reply::Unsent(cause)
            if GIVEN_UP_AFTER <= ground.now() - first_sent =>
        {
            tracing::error!(method = %method.method, cause, "a payment method is given up");
            let code = DeclineCode::NOT_PROCESSED.to_owned();
            MethodOutcome::Declined { decline: DeclineCode { code, is_hard: false } }
        }
        Reply::Unknown(cause) | Reply::Unsent(cause) => {
            tracing::warn!(method = %method.method, cause, "a payment method was not set up");
            return Ok(Performed::later(backoff::pause(attempts)));
        }
    };
    let command = SettleMethod { method_id: method.method, job_id: effect.job, outcome };
    let course = Course::Done(claim);
    ground.settle(effect.client, command.into(), course).await.map(Performed::done)
}
