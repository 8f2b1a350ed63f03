//! The api as a client sees it: reads, submissions, and patience with its rate limit.

mod call;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, redirect};
use serde_json::Value;
use tokio::sync::Mutex;

pub(crate) use self::call::{Answer, Call};
use crate::options::Options;
use crate::progress::Progress;

/// Above what the api may wait for a job on our behalf.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Wait for the job to be done, rather than be told after a second that it is not.
pub(crate) const PREFER_OUTCOME: &str = "wait=10";

/// One command and its key.
pub(crate) struct Submission<'a> {
    pub(crate) path: &'a str,
    pub(crate) key: &'a str,
    pub(crate) body: &'a Value,
    pub(crate) prefer: &'a str,
}

/// A client of the api, for one run.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    api_key: Option<String>,
    deadline: Instant,
    progress: Progress,
    /// Those turned away by the rate limit wait one after the other: a wait buys one token.
    queue: Mutex<()>,
    waited_seconds: AtomicU64,
}

impl Client {
    pub(crate) fn new(
        options: &Options,
        progress: Progress,
        deadline: Instant,
    ) -> anyhow::Result<Self> {
        // Neither a proxy of the environment nor a redirect may lead the load off this machine.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(REQUEST_TIMEOUT)
            .build()
            .context("cannot set up an HTTP client")?;
        Ok(Self {
            http,
            base: options.url.as_str().trim_end_matches('/').to_owned(),
            api_key: options.api_key.clone().filter(|key| !key.is_empty()),
            deadline,
            progress,
            queue: Mutex::new(()),
            waited_seconds: AtomicU64::new(0),
        })
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// How long this run has waited for the rate limit so far.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_secs(self.waited_seconds.load(Ordering::Relaxed))
    }

    /// An error that says what to do, unless the api is there and healthy.
    pub(crate) async fn check_reachable(&self) -> anyhow::Result<()> {
        let call = self.get("/health").await;
        match (&call.result, call.fault(200)) {
            (_, None) => Ok(()),
            (Err(error), _) => {
                bail!("no api answers at {}; start it with `make run` ({error})", self.base)
            }
            (Ok(_), Some(fault)) => bail!("the api at {} is not healthy: {fault}", self.base),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Call {
        self.send(&format!("GET {path}"), self.request(Method::GET, path)).await
    }

    /// Submits a command. Turned away by the rate limit, it waits as long as it is told to and
    /// tries again, within the bound of the run; the latency is that of the last try.
    pub(crate) async fn submit(&self, submission: &Submission<'_>) -> Call {
        let call = self.submit_once(submission).await;
        if call.retry_after_seconds().is_none() {
            return call;
        }
        let _turn = self.queue.lock().await;
        loop {
            let call = Call { was_limited: true, ..self.submit_once(submission).await };
            let Some(seconds) = call.retry_after_seconds() else {
                return call;
            };
            if !self.wait_for_limit(seconds).await {
                return call;
            }
        }
    }

    /// Waits until the rate limit allows one more submission; false if the run ends before.
    pub(crate) async fn wait_for_limit(&self, seconds: u64) -> bool {
        let wait = Duration::from_secs(seconds.max(1));
        if wait > self.deadline.saturating_duration_since(Instant::now()) {
            return false;
        }
        self.progress.say(&format!("rate limit: waiting {} s", wait.as_secs()));
        tokio::time::sleep(wait).await;
        self.waited_seconds.fetch_add(wait.as_secs(), Ordering::Relaxed);
        self.progress.unsay();
        true
    }

    async fn submit_once(&self, submission: &Submission<'_>) -> Call {
        let request = self
            .request(Method::POST, submission.path)
            .header("Idempotency-Key", submission.key)
            .header("Prefer", submission.prefer)
            .json(submission.body);
        self.send(&format!("POST {}", submission.path), request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    async fn send(&self, name: &str, request: RequestBuilder) -> Call {
        let begun = Instant::now();
        let result = exchange(request).await.map_err(|error| format!("{error:#}"));
        Call { name: name.to_owned(), latency: begun.elapsed(), was_limited: false, result }
    }
}

/// One request and the whole of its answer.
async fn exchange(request: RequestBuilder) -> anyhow::Result<Answer> {
    let response = request.send().await?;
    let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
    let number = |name: &str| header(name)?.parse().ok();
    let (status, replayed) = (response.status().as_u16(), header("Idempotent-Replayed"));
    Ok(Answer {
        status,
        is_replay: replayed.as_deref() == Some("true"),
        location: header("Location"),
        retry_after_seconds: number(RETRY_AFTER.as_str()),
        limit: number("RateLimit-Limit"),
        limit_remaining: number("RateLimit-Remaining"),
        limit_reset_seconds: number("RateLimit-Reset"),
        body: response.bytes().await?.to_vec(),
    })
}
