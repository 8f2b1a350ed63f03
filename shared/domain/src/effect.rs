//! Effects: what is to be done outside of a transaction, or in transactions of its own, once it is
//! committed. An effect is a row, written with what caused it.

use crate::idempotency::custom_uuid;
use crate::{
    ClientId, Context, Currency, GiftId, Instant, JobId, PaymentId, PaymentMethodId, Provider,
    RefundId, SubscriptionId, UserId,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The id of an effect. It is derived, never drawn: see [`Effect::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EffectId(Uuid);

impl EffectId {
    /// The id of that UUID.
    #[must_use]
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The UUID.
    #[must_use]
    pub const fn get(self) -> Uuid {
        self.0
    }
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The id of the effect.
    pub id: EffectId,
    /// The client that it is done for.
    pub client: ClientId,
    /// The job that caused it.
    pub job: JobId,
    /// What is to be done.
    pub task: EffectTask,
}

/// What is to be done, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum EffectTask {
    /// A test clock is led to an instant, by way of all that becomes due until then.
    Clock(Leap),
    /// A payment is charged.
    Charge(Charge),
    /// A payment method is set up at its provider.
    SetUpMethod(SetUpMethod),
    /// Money is paid back.
    PayBack(PayBack),
    /// A charge is given up that the user had to do something for.
    StopCharge(StopCharge),
    /// A payment method that was taken away is taken away at its provider, too.
    DetachMethod(DetachedMethod),
}

/// A charge. What is asked for never changes, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The payment.
    pub payment: PaymentId,
    /// The user who pays.
    pub user: UserId,
    /// The subscription that is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<SubscriptionId>,
    /// The gift that is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift: Option<GiftId>,
    /// The provider.
    pub provider: Provider,
    /// The amount, in the smallest unit of the currency.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// The provider's name of the method.
    pub method: String,
    /// The provider's name of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Whether the user is there, to do something if that is needed.
    pub is_on_session: bool,
    /// How far it is.
    #[serde(default)]
    pub progress: ChargeProgress,
}

/// How far a charge is, by real time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeProgress {
    /// When it was first sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sent: Option<Instant>,
    /// When it was last sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sent: Option<Instant>,
    /// How often it was sent, without what certainly did not get out.
    #[serde(default)]
    pub sends: u32,
    /// How many of the sends had an answer that does not say what came of it, or none in time.
    #[serde(default)]
    pub unknowns: u32,
    /// How often it was looked up.
    #[serde(default)]
    pub looks: u32,
    /// Whether the one who waits was told that it is not known.
    #[serde(default)]
    pub is_told: bool,
}

/// A payment method that is to be set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUpMethod {
    /// The method.
    pub method: PaymentMethodId,
    /// The user.
    pub user: UserId,
    /// The provider.
    pub provider: Provider,
    /// The token by which it was handed over.
    pub token: String,
    /// The provider's name of the customer, if the user has one already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// When it was first sent, by real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sent: Option<Instant>,
}

/// Money that is to be paid back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayBack {
    /// The refund.
    pub refund: RefundId,
    /// The payment.
    pub payment: PaymentId,
    /// The user.
    pub user: UserId,
    /// The provider.
    pub provider: Provider,
    /// The amount.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// When it was first sent, by real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_sent: Option<Instant>,
    /// Whether the one who waits was told that it is not known.
    #[serde(default)]
    pub is_told: bool,
}

/// A charge that is to be given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopCharge {
    /// The payment.
    pub payment: PaymentId,
    /// The user.
    pub user: UserId,
    /// The provider.
    pub provider: Provider,
}

/// A payment method that was taken away, and that its provider still keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachedMethod {
    /// The method.
    pub method: PaymentMethodId,
    /// The user whose it was.
    pub user: UserId,
    /// The provider.
    pub provider: Provider,
    /// The provider's name of the method.
    pub reference: String,
}

/// How far the advance of a test clock is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leap {
    /// The instant at which it ends.
    pub to: Instant,
    /// The number of due instants that it has visited.
    pub steps: u64,
    /// The last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Instant>,
}

impl Effect {
    /// The `n`th effect of that kind of the job. Its id is the first 128 bits of SHA-256 over kind,
    /// client, job and `n`, so that a replay makes the same.
    pub(crate) fn new(context: &Context, task: EffectTask, n: u32) -> Self {
        let Context { client, job, .. } = *context;
        // The kind has an end of its own, and all that follows has a length of its own.
        let digest = Sha256::new()
            .chain_update(b"effect/1/")
            .chain_update(task.kind())
            .chain_update(b"\0")
            .chain_update(client.get().to_be_bytes())
            .chain_update(job.get().as_bytes())
            .chain_update(n.to_be_bytes())
            .finalize();
        Self { id: EffectId(custom_uuid(digest)), client, job, task }
    }
}

impl EffectTask {
    /// The kinds that this release knows.
    pub const KINDS: [&str; 6] =
        ["clock", "charge", "set_up_method", "pay_back", "stop_charge", "detach_method"];

    /// The spelling of the kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Clock(_) => "clock",
            Self::Charge(_) => "charge",
            Self::SetUpMethod(_) => "set_up_method",
            Self::PayBack(_) => "pay_back",
            Self::StopCharge(_) => "stop_charge",
            Self::DetachMethod(_) => "detach_method",
        }
    }
}

impl ChargeProgress {
    /// This progress when it is sent once more.
    #[must_use]
    pub fn sent(self, at: Instant) -> Self {
        let first_sent = self.first_sent.or(Some(at));
        Self { first_sent, last_sent: Some(at), sends: self.sends + 1, ..self }
    }
}

impl Effect {
    /// This effect, noted as sent at that real time, if it is one of those that note it. To be
    /// written before it is sent.
    #[must_use]
    pub fn sent(mut self, at: Instant) -> Self {
        match &mut self.task {
            EffectTask::Charge(charge) => charge.progress = charge.progress.sent(at),
            EffectTask::PayBack(pay_back) => pay_back.first_sent = pay_back.first_sent.or(Some(at)),
            EffectTask::SetUpMethod(method) => method.first_sent = method.first_sent.or(Some(at)),
            EffectTask::Clock(_) | EffectTask::StopCharge(_) | EffectTask::DetachMethod(_) => {}
        }
        self
    }
}

impl Leap {
    /// An advance to that instant that has not begun.
    pub(crate) const fn begin(to: Instant) -> Self {
        Self { to, steps: 0, last: None }
    }

    /// The advance after a part of what is due at that instant was done. An instant counts once.
    #[must_use]
    pub fn at(self, instant: Instant) -> Self {
        if self.last == Some(instant) {
            return self;
        }
        Self { steps: self.steps + 1, last: Some(instant), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{JOB, RIVAL, at, context, now};
    use std::collections::HashSet;

    const fn leap(to: Instant) -> EffectTask {
        EffectTask::Clock(Leap::begin(to))
    }

    #[test]
    fn an_id_follows_from_kind_client_job_and_number_and_from_nothing_else() {
        let base = context(now());
        let first = Effect::new(&base, leap(now()), 0);
        let later = Context { now: at("2027-01-01T00:00:00Z"), ..base };
        assert_eq!(Effect::new(&later, leap(later.now), 0).id, first.id);
        let others = [
            Effect::new(&base, leap(now()), 1),
            Effect::new(&Context { client: RIVAL, ..base }, leap(now()), 0),
            Effect::new(&Context { job: JobId::new(Uuid::from_u128(8)), ..base }, leap(now()), 0),
        ];
        let ids: HashSet<_> = others.iter().chain([&first]).map(|effect| effect.id).collect();
        assert_eq!(ids.len(), 4);
        assert_eq!(first.job, JOB);
    }

    /// A release that is started beside this one reads it.
    #[test]
    fn it_is_kept_as_it_always_was() {
        let task = EffectTask::Clock(Leap::begin(at("2026-07-31T08:00:00Z")).at(now()));
        let json = concat!(
            r#"{"kind":"clock","payload":{"to":"2026-07-31T08:00:00Z","steps":1,"#,
            r#""last":"2026-06-15T12:00:00.123456Z"}}"#
        );
        assert_eq!(serde_json::to_string(&task).unwrap(), json);
        assert_eq!(serde_json::from_str::<EffectTask>(json).unwrap(), task);
        assert_eq!(EffectTask::KINDS[0], task.kind());

        let task = EffectTask::DetachMethod(DetachedMethod {
            method: PaymentMethodId::new(4),
            user: UserId::new(1),
            provider: Provider::Stripe,
            reference: "pm_1".to_owned(),
        });
        let json = concat!(
            r#"{"kind":"detach_method","payload":"#,
            r#"{"method":4,"user":1,"provider":"stripe","reference":"pm_1"}}"#
        );
        assert_eq!(serde_json::to_string(&task).unwrap(), json);
        assert_eq!(serde_json::from_str::<EffectTask>(json).unwrap(), task);
        assert_eq!(EffectTask::KINDS[5], task.kind());
    }

    #[test]
    fn an_instant_that_takes_several_transactions_counts_once() {
        let (one, two) = (at("2026-07-01T00:00:00Z"), at("2026-07-02T00:00:00Z"));
        let visited = [one, one, two, two, two].into_iter().fold(Leap::begin(two), Leap::at);
        assert_eq!((visited.steps, visited.last), (2, Some(two)));
    }
}
