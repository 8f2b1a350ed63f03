//! What the clients did and what they were told: the half of the evidence that they saw.

use anyhow::Result;
use domain::{Command, Fingerprint};
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A command as a client sends it. Its body is canonical: sorted members, no spaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Submission {
    /// The idempotency key.
    pub key: String,
    /// The path, such as `/subscribe`.
    pub path: &'static str,
    /// The body, as JSON.
    pub body: String,
}

/// What a client asked for.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "method")]
pub enum Request {
    /// `POST` of a command.
    #[serde(rename = "POST")]
    Submit(Arc<Submission>),
    /// `GET /jobs/{id}` of the job that a key names.
    #[serde(rename = "GET")]
    Job {
        /// The idempotency key that names the job.
        key: String,
    },
}

/// When in the campaign something was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Under faults.
    Load,
    /// After them: whoever has no answer yet asks again.
    Settle,
    /// At last: every key is asked once more.
    Verify,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Whether it said that it was a replay.
    pub replayed: bool,
    /// The body, to the byte.
    pub body: String,
}

/// One request and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// The client.
    pub client: usize,
    /// The api that was asked.
    pub api: usize,
    /// When in the campaign.
    pub phase: Phase,
    /// What was asked.
    pub request: Request,
    /// When it was sent, in microseconds of the campaign.
    pub sent_us: u64,
    /// When the answer was there, or given up.
    pub answered_us: u64,
    /// The answer; `None` when none came.
    pub reply: Option<Reply>,
    /// Why none came.
    pub error: Option<String>,
}

/// What an answer means for its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The outcome of the command: it binds the key for good.
    Outcome,
    /// 202, or none at all: the client knows nothing.
    Unknown,
    /// The key belongs to another request.
    Reused,
    /// Nothing was accepted, or the job was given up: the same key may be tried again.
    TryAgain,
    /// Nothing that valid input may be answered with.
    Wrong,
}

impl Submission {
    /// What the product knows the request by.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_request("POST", self.path, self.body.as_bytes())
    }

    /// The command that it is; `None` for a path or body that the product would refuse.
    #[must_use]
    pub fn command(&self) -> Option<Command> {
        let operation = match self.path {
            "/users" => "create_user",
            "/subscribe" => "subscribe",
            "/renew" => "renew",
            "/cancel" => "cancel",
            "/gift" => "gift",
            "/gift/redeem" => "redeem",
            _ => return None,
        };
        let mut body: Value = serde_json::from_str(&self.body).ok()?;
        body.as_object_mut()?.insert("operation".to_owned(), operation.into());
        serde_json::from_value(body).ok()
    }
}

impl Reply {
    /// What it means for its key.
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

    /// The stable code of a problem.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body.get("code")?.as_str().map(str::to_owned)
    }
}

impl Exchange {
    /// The key that it is about.
    #[must_use]
    pub fn key(&self) -> &str {
        match &self.request {
            Request::Submit(submission) => &submission.key,
            Request::Job { key } => key,
        }
    }

    /// The command that was submitted, if one was.
    #[must_use]
    pub fn submission(&self) -> Option<&Arc<Submission>> {
        match &self.request {
            Request::Submit(submission) => Some(submission),
            Request::Job { .. } => None,
        }
    }

    /// Whether a look at a job found it in a state that is not final.
    #[must_use]
    pub fn saw_unfinished(&self) -> bool {
        let Some(reply) = self.reply.as_ref().filter(|reply| reply.status == 200) else {
            return false;
        };
        let job: Option<Value> = serde_json::from_str(&reply.body).ok();
        let status = job.as_ref().and_then(|job| job.get("status")?.as_str());
        self.submission().is_none() && matches!(status, Some("queued" | "running" | "retrying"))
    }

    /// What the submission was told.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        self.reply.as_ref().map_or(Meaning::Unknown, Reply::meaning)
    }
}

/// Where clients write down what they did, in memory and as JSON lines.
pub struct Recorder {
    began: Instant,
    inner: Mutex<(Vec<Exchange>, BufWriter<File>)>,
}

impl Recorder {
    /// A recorder whose clock begins now.
    pub fn create(file: &Path) -> Result<Self> {
        let lines = BufWriter::new(File::create(file)?);
        Ok(Self { began: Instant::now(), inner: Mutex::new((Vec::new(), lines)) })
    }

    /// Microseconds since the beginning.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Writes down an exchange.
    pub fn add(&self, exchange: Exchange) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (history, lines) = &mut *inner;
        // A full disk costs the file, not the campaign.
        let _ = serde_json::to_writer(&mut *lines, &exchange);
        let _ = lines.write_all(b"\n");
        history.push(exchange);
    }

    /// How many exchanges there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of all so far.
    #[must_use]
    pub fn history(&self) -> Vec<Exchange> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = inner.1.flush();
        inner.0.clone()
    }
}
