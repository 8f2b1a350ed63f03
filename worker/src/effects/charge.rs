//! The effect `charge`: has a provider take money, and finds out what came of it.
//!
//! What is sent is noted before, so that whoever takes the effect over knows. As long as nothing of
//! it has got out, it is sent only if somebody still waits for it. While nobody has answered it is
//! sent again by the same key, which the provider takes for the same charge. After two answers that
//! say nothing it is only looked up: for as long as it takes, or until the provider has known
//! nothing of it for a day.

use super::backoff;
use super::ground::{Ground, Task};
use super::performed::{Performed, TELL_AFTER, until_told};
use super::settlement::{Course, Settled};
use crate::fault::Fault;
use crate::provider::{Call, Reply};
use chrono::TimeDelta;
use domain::{Charge, ChargeOutcome, DeclineCode, EffectTask, Instant, SettlePayment};
use std::time::Duration;
use store::asked_money;
use tokio::time::sleep;

/// The answers that say nothing after which it is not sent any more.
const UNKNOWNS_MAX: u32 = 2;
/// The pause before it is sent once more.
const RESEND_PAUSE: Duration = Duration::from_secs(1);
/// The time after the first send for which a provider certainly knows its key.
const KEY_KNOWN: TimeDelta = TimeDelta::hours(20);
/// The time after the last send at which a charge that the provider does not know was not made.
const NOT_FOUND_AFTER: TimeDelta = TimeDelta::hours(24);
/// The time for which it is looked up.
const LOOKED_UP_FOR: TimeDelta = TimeDelta::days(30);

/// The pauses between looks: from the first to the second, each twice as long as the one before.
const LOOK_PAUSE_MIN: Duration = Duration::from_secs(5);
const LOOK_PAUSE_MAX: Duration = Duration::from_hours(1);

/// Charges, or looks what came of it.
pub(crate) async fn perform(
    ground: &Ground,
    task: Task<'_>,
    charge: &Charge,
) -> Result<Performed, Fault> {
    let mut run = Run { ground, task, charge: charge.clone(), settled: Settled::default() };
    let later = run.go_on(task.is_sent).await?;
    Ok(Performed { settled: run.settled, later })
}

struct Run<'a> {
    ground: &'a Ground,
    task: Task<'a>,
    charge: Charge,
    settled: Settled,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Send,
    LookUp,
}

fn next(charge: &Charge, now: Instant) -> Next {
    let progress = charge.progress;
    match progress.first_sent {
        _ if progress.sends == 0 => Next::Send,
        None => Next::Send,
        Some(first) if progress.unknowns < UNKNOWNS_MAX && now - first < KEY_KNOWN => Next::Send,
        Some(_) => Next::LookUp,
    }
}

impl Run<'_> {
    /// Goes on, and returns the pause after which to go on again; none when it is done.
    async fn go_on(&mut self, mut is_sent: bool) -> Result<Option<Duration>, Fault> {
        loop {
            self.tell().await?;
            if !is_sent && next(&self.charge, self.ground.now()) == Next::LookUp {
                return self.look_up().await;
            }
            if !is_sent && self.charge.progress.sends == 0 && !self.is_waited_for().await? {
                let payment = self.charge.payment;
                tracing::info!(%payment, "nothing waits for a charge any more: it is not sent");
                return self.end(not_processed()).await.map(|()| None);
            }
            let last_sent = self.charge.progress.last_sent.filter(|_| !is_sent);
            if !is_sent {
                self.charge.progress = self.charge.progress.sent(self.ground.now());
                self.ground.note(self.task.claim, &self.as_task()).await?;
            }
            is_sent = false;
            let call = Call { client: self.task.effect.client, what: &self.charge };
            match self.ground.unless_stopped(self.ground.providers.charge(call)).await? {
                Reply::Said(outcome) => return self.end(outcome).await.map(|()| None),
                Reply::Unsent(cause) => {
                    tracing::warn!(payment = %self.charge.payment, cause, "a charge was not sent");
                    let progress = &mut self.charge.progress;
                    progress.sends = progress.sends.saturating_sub(1);
                    progress.last_sent = last_sent;
                    self.ground.note(self.task.claim, &self.as_task()).await?;
                    return Ok(Some(self.before_told(backoff::pause(self.task.attempts))));
                }
                Reply::Unknown(cause) => {
                    tracing::warn!(payment = %self.charge.payment, cause, "a charge is unknown");
                    self.charge.progress.unknowns += 1;
                    self.settle(ChargeOutcome::Unknown, false).await?;
                }
            }
            if UNKNOWNS_MAX <= self.charge.progress.unknowns {
                return Ok(Some(self.before_told(look_pause(self.charge.progress.looks))));
            }
            self.ground.unless_stopped(sleep(RESEND_PAUSE)).await?;
        }
    }

    async fn look_up(&mut self) -> Result<Option<Duration>, Fault> {
        let call = Call { client: self.task.effect.client, what: &self.charge };
        let reply = self.ground.unless_stopped(self.ground.providers.look_up(call)).await?;
        let (progress, now) = (self.charge.progress, self.ground.now());
        let sent = progress.last_sent.or(progress.first_sent).unwrap_or(now);
        match reply {
            Reply::Said(Some(outcome)) => return self.end(outcome).await.map(|()| None),
            Reply::Said(None) if NOT_FOUND_AFTER <= now - sent => {
                return self.end(not_processed()).await.map(|()| None);
            }
            Reply::Said(None) => {}
            Reply::Unknown(cause) | Reply::Unsent(cause) => {
                tracing::warn!(payment = %self.charge.payment, cause, "a charge is still unknown");
            }
        }
        if LOOKED_UP_FOR <= now - progress.first_sent.unwrap_or(now) {
            let payment = self.charge.payment;
            tracing::error!(%payment, "nobody says what came of a charge: ask its provider");
            return self.ground.forget(self.task.claim).await.map(|()| None);
        }
        self.charge.progress.looks += 1;
        self.ground.note(self.task.claim, &self.as_task()).await?;
        Ok(Some(self.before_told(look_pause(self.charge.progress.looks))))
    }

    /// Whether what was bought still waits for the payment. Only the settlement decides, but what
    /// nobody waits for would be paid back.
    async fn is_waited_for(&self) -> Result<bool, Fault> {
        let payment = (self.task.effect.client, self.charge.payment);
        let look =
            |_| async { Ok(asked_money::is_waited_for(&self.ground.database, payment).await?) };
        self.ground.retry_policy.with_postgres(look).await
    }

    /// Tells who waits for long that it is not known, once. Nobody waits for what is due.
    async fn tell(&mut self) -> Result<(), Fault> {
        let progress = self.charge.progress;
        let is_late = |first| TELL_AFTER <= self.ground.now() - first;
        if !self.charge.is_on_session
            || progress.is_told
            || !progress.first_sent.is_some_and(is_late)
        {
            return Ok(());
        }
        self.charge.progress.is_told = true;
        self.settle(ChargeOutcome::StillUnknown, false).await
    }

    async fn end(&mut self, outcome: ChargeOutcome) -> Result<(), Fault> {
        self.settle(outcome, true).await
    }

    async fn settle(&mut self, outcome: ChargeOutcome, is_done: bool) -> Result<(), Fault> {
        let claim = self.task.claim;
        let course =
            if is_done { Course::Done(claim) } else { Course::GoesOn(claim, self.as_task()) };
        let command = SettlePayment { payment_id: self.charge.payment, outcome };
        let client = self.task.effect.client;
        let settled = self.ground.settle(client, command.into(), course).await?;
        self.settled.add(settled);
        Ok(())
    }

    fn as_task(&self) -> EffectTask {
        EffectTask::Charge(self.charge.clone())
    }

    /// A pause that ends when who waits is to be told, if that is sooner.
    fn before_told(&self, pause: Duration) -> Duration {
        let progress = self.charge.progress;
        let waits = self.charge.is_on_session && !progress.is_told;
        let first = progress.first_sent.filter(|_| waits);
        first.map_or(pause, |first| pause.min(until_told(first, self.ground.now())))
    }
}

/// The outcome of a charge that was not made.
fn not_processed() -> ChargeOutcome {
    let code = DeclineCode::NOT_PROCESSED.to_owned();
    ChargeOutcome::Declined { decline: DeclineCode { code, is_hard: false } }
}

fn look_pause(looks: u32) -> Duration {
    (LOOK_PAUSE_MIN * (1 << looks.min(10))).min(LOOK_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChargeProgress, Currency, PaymentId, Provider, UserId};

    fn charge(progress: ChargeProgress) -> Charge {
        Charge {
            payment: PaymentId::new(7),
            user: UserId::new(1),
            subscription: None,
            gift: None,
            provider: Provider::Simulated,
            amount: 1500,
            currency: Currency::parse("USD").unwrap(),
            method: "sim_ok".to_owned(),
            customer: None,
            is_on_session: true,
            progress,
        }
    }

    #[test]
    fn it_is_sent_until_two_answers_said_nothing_and_looked_up_from_then_on() {
        let sent: Instant = "2026-06-15T12:00:00Z".parse().unwrap();
        let after = |unknowns, hours| {
            let progress = ChargeProgress { unknowns, ..ChargeProgress::default().sent(sent) };
            next(&charge(progress), sent + TimeDelta::hours(hours))
        };
        assert_eq!(next(&charge(ChargeProgress::default()), sent), Next::Send);
        // Nobody knows an answer: the worker died, however often.
        assert_eq!(after(0, 1), Next::Send);
        assert_eq!(after(1, 19), Next::Send);
        assert_eq!(after(2, 0), Next::LookUp);
        // Nothing has got out.
        let unsent = ChargeProgress { first_sent: Some(sent), ..ChargeProgress::default() };
        assert_eq!(next(&charge(unsent), sent + TimeDelta::hours(22)), Next::Send);
        // The provider may have forgotten the key.
        assert_eq!(after(0, 20), Next::LookUp);
        assert_eq!(after(1, 20), Next::LookUp);
    }

    #[test]
    fn looks_are_made_from_5_seconds_to_an_hour_apart() {
        let pauses: Vec<u64> = (0..12).map(|looks| look_pause(looks).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
    }
}
