//! The history: the requests of the clients and their answers. It is one half of the evidence.

mod request;

use anyhow::Result;
pub use request::{BankEvent, Request, Submission};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The phase of the campaign in which a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Faults are injected.
    Load,
    /// After the last fault, requests without an answer are sent again.
    Settle,
    /// At the end, every request is sent once more.
    Verify,
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Whether the answer was marked as a replay.
    pub replayed: bool,
    /// The body, byte for byte.
    pub body: String,
}

/// One request and its answer or error.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// The number of the client.
    pub client: usize,
    /// The number of the api.
    pub api: usize,
    /// The phase of the campaign.
    pub phase: Phase,
    /// The request.
    pub request: Request,
    /// The time at which it was sent, in microseconds of the campaign.
    pub sent_us: u64,
    /// The time at which the answer came or the client gave up.
    pub answered_us: u64,
    /// The answer; `None` when none came.
    pub reply: Option<Reply>,
    /// The error, if no answer came.
    pub error: Option<String>,
}

/// The meaning of an answer for its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The outcome of the command, which binds the key for good.
    Outcome,
    /// A 202 or no answer: the client does not know the outcome.
    Unknown,
    /// The key belongs to another request.
    Reused,
    /// Nothing was accepted, or the job was given up. The same key may be tried again.
    TryAgain,
    /// An answer that valid input must not get.
    Wrong,
}

impl Reply {
    /// The meaning of the answer for its key.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match (self.status, self.code().as_deref()) {
            (202, _) => Meaning::Unknown,
            (200 | 201, _) => Meaning::Outcome,
            (422, Some("idempotency_key_reused")) => Meaning::Reused,
            (503 | 429, Some(_)) => Meaning::TryAgain,
            (402 | 403 | 404 | 409 | 410 | 422, Some(code)) if code != "route_not_found" => {
                Meaning::Outcome
            }
            _ => Meaning::Wrong,
        }
    }

    /// Whether it shows a job that has ended, or that has begun and waits for nobody of the queue.
    #[must_use]
    pub fn is_of_begun_job(&self) -> bool {
        let job: Option<Value> = serde_json::from_str(&self.body).ok();
        let status = job.as_ref().and_then(|job| job.get("status")?.as_str());
        let is_begun = matches!(status, Some("running" | "succeeded" | "failed" | "dead"));
        self.status == 200 && is_begun
    }

    /// The stable code of a problem.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body.get("code")?.as_str().map(str::to_owned)
    }
}

impl Exchange {
    /// The key of the request; empty if it is about none.
    #[must_use]
    pub fn key(&self) -> &str {
        match &self.request {
            Request::Submit(submission) => &submission.key,
            Request::Job { key, .. } => key,
            Request::Clock { .. } | Request::Bank(_) => "",
        }
    }

    /// The submission, if the request is one.
    #[must_use]
    pub fn submission(&self) -> Option<&Arc<Submission>> {
        match &self.request {
            Request::Submit(submission) => Some(submission),
            Request::Job { .. } | Request::Clock { .. } | Request::Bank(_) => None,
        }
    }

    /// Whether the request was for a job and found it in a state that is not final.
    #[must_use]
    pub fn saw_unfinished(&self) -> bool {
        let Some(reply) = self.reply.as_ref().filter(|reply| reply.status == 200) else {
            return false;
        };
        let job: Option<Value> = serde_json::from_str(&reply.body).ok();
        let status = job.as_ref().and_then(|job| job.get("status")?.as_str());
        let is_job = matches!(self.request, Request::Job { .. });
        is_job && matches!(status, Some("queued" | "running" | "retrying"))
    }

    /// Whether the request was for a job and found it waiting for a worker.
    #[must_use]
    pub fn saw_waiting(&self) -> bool {
        self.saw_unfinished() && !self.reply.as_ref().is_some_and(Reply::is_of_begun_job)
    }

    /// The meaning of the answer to the submission.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        self.reply.as_ref().map_or(Meaning::Unknown, Reply::meaning)
    }
}

/// Records what clients did, in memory and as JSON lines.
pub struct Recorder {
    began: Instant,
    inner: Mutex<(Vec<Exchange>, BufWriter<File>)>,
}

impl Recorder {
    /// A recorder whose time begins now.
    pub fn create(file: &Path) -> Result<Self> {
        let lines = BufWriter::new(File::create(file)?);
        Ok(Self { began: Instant::now(), inner: Mutex::new((Vec::new(), lines)) })
    }

    /// The microseconds since the beginning.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Records an exchange.
    pub fn add(&self, exchange: Exchange) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (history, lines) = &mut *inner;
        // When the disk is full, the campaign goes on without the file.
        let _ = serde_json::to_writer(&mut *lines, &exchange);
        let _ = lines.write_all(b"\n");
        history.push(exchange);
    }

    /// The number of exchanges.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0.len()
    }

    /// Whether there are no exchanges.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of all exchanges so far.
    #[must_use]
    pub fn history(&self) -> Vec<Exchange> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = inner.1.flush();
        inner.0.clone()
    }
}
