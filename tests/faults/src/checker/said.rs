//! What an answer claims beside the outcome of a command.

use crate::history::Exchange;
use serde_json::Value;

/// A claim that can be untrue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The command was given up, and nothing of it was done.
    Dead,
    /// Nothing of this request was accepted.
    NothingAccepted,
    /// There is no such job.
    NoSuchJob,
    /// There is no row of this kind, which that member of the request names.
    NoSuch(&'static str, &'static str),
}

impl Said {
    /// The claim of an answer, if it has one.
    pub(super) fn of(exchange: &Exchange) -> Option<Self> {
        let reply = exchange.reply.as_ref()?;
        let (status, body) = (reply.status, serde_json::from_str::<Value>(&reply.body).ok()?);
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        match text("code") {
            Some("processing_failed") => Some(Self::Dead),
            Some("queue_full" | "rate_limited" | "overloaded") => Some(Self::NothingAccepted),
            Some("clock_advancing") if status == 503 => Some(Self::NothingAccepted),
            Some("job_not_found") => Some(Self::NoSuchJob),
            Some("user_not_found") => Some(Self::NoSuch("user", "user_id")),
            Some("gifter_not_found") => Some(Self::NoSuch("user", "gifter_id")),
            Some("gift_not_found") => Some(Self::NoSuch("gift", "gift_id")),
            Some("payment_not_found") => Some(Self::NoSuch("payment", "payment_id")),
            Some("subscription_not_found") => Some(Self::NoSuch("subscription", "subscription_id")),
            None if text("status") == Some("dead") => Some(Self::Dead),
            _ => None,
        }
    }
}
