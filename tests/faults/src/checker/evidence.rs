//! The evidence that the checker judges.

use crate::history::Exchange;
use domain::{Answer, ClientId, Fingerprint, Gift, Grant, Instant, JobId, Subscription, User};
use serde::Serialize;

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
    /// The days for which a gift can be redeemed, by the setting of the workers.
    pub gift_ttl_days: u32,
}

/// The rows in Postgres.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// All users.
    pub users: Vec<User>,
    /// All subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// All gifts.
    pub gifts: Vec<Gift>,
    /// All grants.
    pub grants: Vec<Grant>,
    /// The command log.
    pub log: Vec<LogRow>,
}

/// A row of the command log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// The position of the row in the order of decisions.
    pub position: i64,
    /// The id of the job.
    pub job: JobId,
    /// The client that submitted the job.
    pub client: ClientId,
    /// The key it was submitted with.
    pub key: String,
    /// The fingerprint of the request.
    pub fingerprint: Fingerprint,
    /// The kind of command, of sweep, or of the nemesis' own changes (see `nemesis::age`).
    pub operation: String,
    /// The id of the row that was made or changed.
    pub entity: Option<i64>,
    /// The stored answer.
    pub answer: Answer,
    /// The instant of the decision.
    pub finished_at: Instant,
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
