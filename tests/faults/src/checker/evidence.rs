//! What is judged.

use crate::history::Exchange;
use domain::{Answer, ClientId, Fingerprint, Gift, Grant, Instant, JobId, Subscription, User};
use serde::Serialize;

/// All that is known of a campaign when everything is quiet again.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What the clients did and were told.
    pub history: &'a [Exchange],
    /// What Postgres holds.
    pub rows: &'a Rows,
    /// What Redis holds.
    pub leftovers: &'a Leftovers,
    /// What processes did that no process should.
    pub incidents: &'a [Incident],
    /// How long a gift can be redeemed, as the workers were told.
    pub gift_ttl_days: u32,
}

/// What Postgres holds.
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
    /// The order in which rows were decided.
    pub position: i64,
    /// The job.
    pub job: JobId,
    /// Whose job it was.
    pub client: ClientId,
    /// The key it was submitted with.
    pub key: String,
    /// What was asked for.
    pub fingerprint: Fingerprint,
    /// The kind of command, of sweep, or of the nemesis' own changes (see `nemesis::age`).
    pub operation: String,
    /// What was made or changed.
    pub entity: Option<i64>,
    /// The answer, for good.
    pub answer: Answer,
    /// When it was decided.
    pub finished_at: Instant,
}

/// What Redis holds when it should hold nothing but records of finished jobs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Leftovers {
    /// Every list and set of tasks that is not empty, with its size.
    pub tasks: Vec<(String, u64)>,
    /// Every record that is not finished: its job and its state.
    pub unfinished: Vec<(String, String)>,
}

/// Something that a process did and no process should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident(pub String);
