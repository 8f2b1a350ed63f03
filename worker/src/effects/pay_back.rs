//! The effect `pay_back`: has a provider pay money back. It is sent again by the same key until the
//! provider says what came of it. When it may have forgotten the key, it is only looked up. It has
//! failed when the provider says so, or has known nothing of it for a day after the last send.

use super::backoff;
use super::ground::{Ground, Task};
use super::performed::{Performed, TELL_AFTER, until_told};
use super::settlement::{Course, Settled};
use crate::fault::Fault;
use crate::provider::{Call, Reply};
use chrono::TimeDelta;
use domain::{EffectTask, PayBack, RefundOutcome, SettleRefund};

/// The time after the first send for which a provider certainly knows its key.
const KEY_KNOWN: TimeDelta = TimeDelta::hours(20);

/// The time after the first send at which a refund that the provider does not know was not made: a
/// day after the last one that may have been sent.
const NOT_FOUND_AFTER: TimeDelta = TimeDelta::hours(20 + 24);

/// Pays back, or looks what came of it.
pub(crate) async fn perform(
    ground: &Ground,
    task: Task<'_>,
    pay_back: &PayBack,
) -> Result<Performed, Fault> {
    let Task { effect, claim, attempts, is_sent } = task;
    let mut pay_back = pay_back.clone();
    let first_sent = *pay_back.first_sent.get_or_insert_with(|| ground.now());
    let mut settled = Settled::default();
    if !is_sent {
        ground.note(claim, &EffectTask::PayBack(pay_back.clone())).await?;
    }
    if !pay_back.is_told && TELL_AFTER <= ground.now() - first_sent {
        pay_back.is_told = true;
        let course = Course::GoesOn(claim, EffectTask::PayBack(pay_back.clone()));
        settled = settle(ground, task, &pay_back, RefundOutcome::StillUnknown, course).await?;
    }
    let customers = ground.customers((effect.client, pay_back.user), pay_back.provider).await?;
    let call = Call { client: effect.client, what: &pay_back };
    let reply = if ground.now() - first_sent < KEY_KNOWN {
        ground.unless_stopped(ground.providers.refund(call, &customers)).await?
    } else {
        let looked = ground.providers.look_up_refund(call, &customers);
        let looked = ground.unless_stopped(looked).await?;
        match looked {
            Reply::Said(None) if ground.now() - first_sent < NOT_FOUND_AFTER => {
                Reply::Unknown("it is not listed, and may be yet".to_owned())
            }
            looked => looked.map(|found| found.unwrap_or(RefundOutcome::Failed)),
        }
    };
    let outcome = match reply {
        Reply::Said(outcome) => outcome,
        Reply::Unknown(cause) | Reply::Unsent(cause) => {
            tracing::warn!(refund = %pay_back.refund, cause, "a refund is unknown");
            let pause = backoff::pause(attempts);
            let first = Some(first_sent).filter(|_| !pay_back.is_told);
            let pause = first.map_or(pause, |first| pause.min(until_told(first, ground.now())));
            return Ok(Performed { settled, later: Some(pause) });
        }
    };
    settled.add(settle(ground, task, &pay_back, outcome, Course::Done(claim)).await?);
    Ok(Performed::done(settled))
}

async fn settle(
    ground: &Ground,
    task: Task<'_>,
    pay_back: &PayBack,
    outcome: RefundOutcome,
    course: Course,
) -> Result<Settled, Fault> {
    let (refund_id, payment_id) = (pay_back.refund, pay_back.payment);
    let command = SettleRefund { refund_id, payment_id, outcome };
    ground.settle(task.effect.client, command.into(), course).await
}
