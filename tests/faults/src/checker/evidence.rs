//! The evidence that the checker judges.

use crate::history::Exchange;
use domain::{
    Answer, ClientId, Currency, Fingerprint, Gift, GiftId, Grant, Instant, JobId, Origin, Payment,
    PaymentId, PaymentMethod, Plan, Refund, RefundId, Subscription, SubscriptionId, TestClock,
    Transfer, User, UserId,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Everything that is known of a campaign after its end.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The requests of the clients and their answers.
    pub history: &'a [Exchange],
    /// The rows in Postgres.
    pub rows: &'a Rows,
    /// The unfinished things in Redis.
    pub leftovers: &'a Leftovers,
    /// The incidents of processes.
    pub incidents: &'a [Incident],
    /// The times in which Redis may have lost what it held. A job that was accepted and lost is not
    /// found, and the api says so.
    pub losses: &'a [Span],
    /// The days for which a gift can be redeemed, by the setting of the workers.
    pub gift_ttl_days: u32,
}

/// A time of the campaign, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from_us: u64,
    /// Its end.
    pub to_us: u64,
}

impl Span {
    /// Whether the two have a moment in common.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self.from_us <= other.to_us && other.from_us <= self.to_us
    }
}

/// The rows in Postgres.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// All users.
    pub users: Vec<User>,
    /// All subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// The `due_at` of every subscription that has one.
    pub due_subscriptions: BTreeMap<SubscriptionId, Instant>,
    /// All gifts.
    pub gifts: Vec<Gift>,
    /// The `due_at` of every gift that has one.
    pub due_gifts: BTreeMap<GiftId, Instant>,
    /// All grants.
    pub grants: Vec<Grant>,
    /// All plans. Nothing of them changes while a campaign runs.
    pub plans: Vec<Plan>,
    /// All payments.
    pub payments: Vec<Payment>,
    /// All payment methods.
    pub methods: Vec<PaymentMethod>,
    /// All refunds.
    pub refunds: Vec<Refund>,
    /// The ledger, in its order.
    pub transfers: Vec<Transfer>,
    /// What the provider has taken and paid back, by its own books.
    pub provider: ProviderBooks,
    /// What is still to be done outside: the kind of each effect, and its payload.
    pub effects: Vec<(String, String)>,
    /// What `worker check` would find, each with the name of the invariant.
    pub findings: Vec<(String, String)>,
    /// The clocks of test clients.
    pub clocks: Vec<TestClock>,
    /// The command log.
    pub log: Vec<LogRow>,
}

/// The books of the provider. It is a party of its own.
#[derive(Debug, Clone, Default)]
pub struct ProviderBooks {
    /// Its charges.
    pub charges: Vec<ProviderCharge>,
    /// Its refunds.
    pub refunds: Vec<ProviderRefund>,
}

/// A charge, as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderCharge {
    /// The key that it was sent with.
    pub key: String,
    /// The client that it says it is for.
    pub client: ClientId,
    /// The payment that it says it is for.
    pub payment: PaymentId,
    /// The amount.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// The status, by the provider's word.
    pub status: String,
}

/// A refund, as the provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRefund {
    /// The key that it was sent with.
    pub key: String,
    /// The client that it says it is for.
    pub client: ClientId,
    /// The payment that it says it is of.
    pub payment: PaymentId,
    /// The refund that it says it is for.
    pub refund: RefundId,
    /// The amount.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// The status, by the provider's word.
    pub status: String,
}

/// A row of the command log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// The position of the row in the order of decisions.
    pub position: i64,
    /// The id of the job.
    pub job: JobId,
    /// The client that submitted the job, or whose rows an internal one changed.
    pub client: ClientId,
    /// Who made the command.
    pub origin: Origin,
    /// The key it was submitted with.
    pub key: String,
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// The kind of command, or of the nemesis' own changes (see `nemesis::age`).
    pub operation: String,
    /// The command itself, as JSON, of an internal one.
    pub input: Option<String>,
    /// The user whom the command concerns.
    pub user: Option<UserId>,
    /// The id of the row that was made or changed.
    pub entity: Option<i64>,
    /// The stored answer; `None` while an effect has to bring it.
    pub answer: Option<Answer>,
    /// The time by which the command was decided.
    pub decided_at: Instant,
}

impl LogRow {
    /// The status of the answer, if it has one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|answer| answer.status)
    }

    /// The answer, in words.
    #[must_use]
    pub fn told(&self) -> String {
        let told = |answer: &Answer| format!("{} {}", answer.status, answer.body);
        self.answer.as_ref().map_or_else(|| "no answer".to_owned(), told)
    }

    /// Whether a client submitted the command.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        self.origin == Origin::Client
    }

    /// Whether a worker made the command, because something was due.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.origin == Origin::Internal && !self.is_of_nemesis()
    }

    /// Whether the nemesis wrote the row. Its client owns nothing else.
    #[must_use]
    pub fn is_of_nemesis(&self) -> bool {
        self.client == ClientId::SYSTEM
    }
}

/// Everything in Redis beside the records of finished jobs. It should be nothing.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Leftovers {
    /// Every list and set of tasks that is not empty, with its size.
    pub tasks: Vec<(String, u64)>,
    /// Every record that is not finished: its job and its state.
    pub unfinished: Vec<(String, String)>,
}

/// A misbehaviour of a process, such as a panic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident(pub String);
