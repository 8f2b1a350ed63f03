//! What decisions depend on beside rows and time. It is the same for all commands of a worker.

use chrono::TimeDelta;
use domain::{ClientId, Context, Instant, JobId};
use runtime::settings::PaymentsSetting;

/// The settings that decisions depend on. All workers need the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// The time for which a new gift can be redeemed.
    pub(crate) gift_ttl: TimeDelta,
    /// Who takes payments of live clients.
    pub(crate) payments: PaymentsSetting,
}

impl Policy {
    /// The inputs of the decision on a command at `now`, by the time of its client. `livemode` is
    /// false of a test client.
    pub(crate) const fn context(
        self,
        (client, job): (ClientId, JobId),
        now: Instant,
        livemode: bool,
    ) -> Context {
        let provider = self.payments.provider_of(livemode);
        Context { now, client, job, gift_ttl: self.gift_ttl, provider }
    }
}
