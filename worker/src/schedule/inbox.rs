//! What providers of payments tell by themselves: each event that the api has stored becomes a
//! settlement, as the answer to a call of ours does. Whichever comes first settles; the other one
//! finds nothing to do.
//!
//! An event counts only if it comes from the provider of the payment and is about the same money.

use crate::effects::{Ground, Runner, Settled, backoff};
use crate::fault::{Fault, Recovery};
use crate::provider::Reply;
use crate::provider::webhook::{self, Told, ToldMoney};
use domain::{ClientId, InternalCommand, Provider, ProviderNews, SettleRefund};
use std::time::Duration;
use store::provider_inbox::{self as inbox, ProviderEvent};
use store::{StoreError, asked_money, reads};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// The time between two looks.
const INTERVAL: Duration = Duration::from_millis(500);
/// The most events of one look.
const TAKEN_MAX: u32 = 64;
/// The pause after which an event is tried again whose rows others had locked.
const LOCKED_PAUSE: Duration = Duration::from_secs(1);

/// The time for which ids of settled events are kept. Stripe tells an event again for three days.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);
/// The time between two looks for ids that are older, and the most that one statement deletes.
const FORGET_INTERVAL: Duration = Duration::from_hours(1);
const FORGOTTEN_MAX: u32 = 1_000;

/// Settles what comes in until `stop`.
pub(crate) async fn run(runner: Runner, stop: CancellationToken) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut forgotten: Option<Instant> = None;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        loop {
            match stop.run_until_cancelled(pass(&runner)).await {
                None => return,
                Some(Ok(taken)) if taken == TAKEN_MAX as usize => {}
                Some(Ok(_)) => break,
                Some(Err(error)) => {
                    tracing::debug!(%error, "what providers tell was not looked for");
                    break;
                }
            }
        }
        if forgotten.is_none_or(|at| FORGET_INTERVAL <= at.elapsed()) {
            match stop.run_until_cancelled(forget_old(runner.ground())).await {
                None => return,
                Some(Ok(())) => forgotten = Some(Instant::now()),
                Some(Err(error)) => tracing::debug!(%error, "old events were not forgotten"),
            }
        }
    }
}

/// Settles what is there, and returns how many events that were.
async fn pass(runner: &Runner) -> Result<usize, StoreError> {
    let ground = runner.ground();
    let taken = inbox::take(&ground.database, TAKEN_MAX).await?;
    for received in &taken {
        match settle(ground, received).await {
            Ok(settled) => {
                runner.publish_settled(settled).await;
                inbox::settle(&ground.database, received).await?;
            }
            Err(fault) => put_off(ground, received, &fault).await?,
        }
    }
    Ok(taken.len())
}

/// Puts an event off. What others hold for long is not its fault, and must not hold up those behind
/// it.
pub(crate) async fn put_off(
    ground: &Ground,
    received: &ProviderEvent,
    fault: &Fault,
) -> Result<(), StoreError> {
    let (event, attempts) = (&received.event_id, received.attempts);
    let pause = match fault.recovery() {
        Recovery::HandBack => Duration::ZERO,
        Recovery::SetAside => {
            tracing::debug!(event, "an event of a provider waits for a lock");
            LOCKED_PAUSE
        }
        _ => {
            let cause = fault.full_cause();
            tracing::error!(event, attempts, cause, "an event of a provider failed");
            backoff::pause(u32::try_from(attempts).unwrap_or_default())
        }
    };
    inbox::put_off(&ground.database, received, pause).await
}

/// Settles an event. One that cannot be used will not get better: it is done, too.
pub(crate) async fn settle(ground: &Ground, received: &ProviderEvent) -> Result<Settled, Fault> {
    let ProviderEvent { provider, event_id, payload, .. } = received;
    let (client, command, money) = match webhook::read(payload) {
        Ok(Some(Told::Command(client, command, money))) => (client, command, money),
        Ok(Some(Told::DisputeOf { intent, dispute })) => {
            match ground.providers.payment_of(provider, &intent).await {
                Reply::Said(Some((client, payment))) => {
                    (client, dispute.of(payment), ToldMoney::default())
                }
                Reply::Said(None) => {
                    tracing::debug!(%provider, event_id, "a dispute of something else");
                    return Ok(Settled::default());
                }
                Reply::Unknown(cause) | Reply::Unsent(cause) => return Err(Fault::Provider(cause)),
            }
        }
        Ok(None) => {
            tracing::debug!(%provider, event_id, "an event of no use");
            return Ok(Settled::default());
        }
        Err(error) => {
            tracing::error!(%provider, event_id, %error, "an event of a provider is dropped");
            return Ok(Settled::default());
        }
    };
    let look = |_| async { Ok(doubt(ground, provider, (client, &command, &money)).await?) };
    let Some(doubt) = ground.retry_policy.with_postgres(look).await? else {
        return ground.settle_news(client, command).await;
    };
    let key = command.key();
    let settlement = key.as_str();
    tracing::error!(%provider, event_id, %client, settlement, doubt,
        "an event of a provider is dropped");
    Ok(Settled::default())
}

/// Why an event does not count; `None` if it does.
async fn doubt(
    ground: &Ground,
    provider: &str,
    (client, command, money): (ClientId, &InternalCommand, &ToldMoney),
) -> Result<Option<&'static str>, StoreError> {
    let database = &ground.database;
    let Some(news) = command.provider_news() else {
        return Ok(Some("it settles no money"));
    };
    let payment_id = match news {
        ProviderNews::Charge(charge) => charge.payment_id,
        ProviderNews::Refund(refund) => refund.payment_id,
        ProviderNews::Dispute(dispute) => dispute.payment_id,
    };
    let Some(payment) = reads::payment(database, client, payment_id).await? else {
        return Ok(Some("there is no such payment"));
    };
    if payment.provider.map(Provider::as_str) != Some(provider) {
        return Ok(Some("the payment is of another provider"));
    }
    let is_of_it = match news {
        ProviderNews::Refund(SettleRefund { refund_id, .. }) => {
            let found = asked_money::refund(database, (client, *refund_id)).await?;
            match found.filter(|found| found.payment == payment_id) {
                Some(refund) => money.is(refund.amount, refund.currency),
                None => return Ok(Some("there is no such refund")),
            }
        }
        // A part of it may be disputed.
        ProviderNews::Dispute(dispute) => dispute.money.currency == payment.currency,
        ProviderNews::Charge(_) => money.is(payment.cash, payment.currency),
    };
    Ok((!is_of_it).then_some("it is about another amount or currency"))
}

/// Forgets the ids of events that nobody tells again.
pub(crate) async fn forget_old(ground: &Ground) -> Result<(), StoreError> {
    while inbox::forget(&ground.database, KEPT_FOR, FORGOTTEN_MAX).await?
        == u64::from(FORGOTTEN_MAX)
    {}
    Ok(())
}
