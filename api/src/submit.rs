//! The one path that all commands take: from a request to an admitted job to an answer.

use crate::app::App;
use crate::body;
use crate::conclusion::Conclusion;
use crate::config::Scope;
use crate::job_view::JobView;
use crate::prefer::Prefer;
use crate::reject::Reject;
use crate::requests::Build;
use crate::respond::{self, AboutJob};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use shared::clock;
use shared::domain::problem::ProblemKind;
use shared::domain::rate_limit::Quota;
use shared::domain::{Fingerprint, IdempotencyKey, JobId, Problem};
use shared::queue::admission::Verdict;
use shared::queue::job::QueuedJob;
use shared::queue::outcomes::{Ticket, Waited};
use shared::queue::record::Record;
use shared::seeded_bug::SeededBug;
use shared::store::ledger;
use tokio::time::Instant;

/// A full queue: time for workers to make room, in seconds.
const RETRY_AFTER_FULL: u64 = 5;

/// Answers a submission, whose body `build` makes a command of.
pub async fn submit(app: App, build: Build, request: Request) -> Result<Response, Reject> {
    let (parts, body) = request.into_parts();
    let body = body::read(body).await;
    let caller = app.authenticate(&parts, Scope::Write).await?;
    let key = idempotency_key(&parts.headers)?;
    let prefer = Prefer::from_headers(&parts.headers);
    let mut fields = body::fields(&parts.headers, &body?)?;
    let fingerprint = if SeededBug::ForgetFingerprint.is_on() {
        Fingerprint::of_request("", "", b"")
    } else {
        Fingerprint::of_request(parts.method.as_str(), parts.uri.path(), fields.canonical())
    };
    let command = build(&mut fields);
    let job = QueuedJob {
        client: caller.client,
        key,
        fingerprint,
        submitted_at: clock::now(),
        command: fields.finish(command)?,
    };

    let deadline = Instant::now() + prefer.wait(app.response_wait);
    let (reply, quota) = admit(&app, &job, &caller.bucket, deadline).await?;
    let mut response = match reply {
        Ok(Reply::Concluded(conclusion)) => conclusion.into_response(&job),
        Ok(Reply::Pending { view, joined }) => {
            respond::mark_replayed(respond::accepted(&view), joined)
        }
        Err(reject) => reject.into_response(),
    };
    response.extensions_mut().insert(AboutJob(job.id()));
    let headers = response.headers_mut();
    if let (Some(limit), Some(quota)) = (app.bounds.limit, quota) {
        respond::add_quota(headers, limit, quota);
    }
    if let Some(applied) = prefer.applied().and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert("preference-applied", applied);
    }
    Ok(response)
}

/// Exactly one header, 1 to 255 visible characters. Two that a proxy has merged have a space.
fn idempotency_key(headers: &HeaderMap) -> Result<IdempotencyKey, Reject> {
    let mut values = headers.get_all("idempotency-key").iter();
    let missing = "Send a header Idempotency-Key with a new random value for each new intent.";
    let value = values.next().ok_or_else(|| {
        Reject::new(ProblemKind::IdempotencyKeyMissing, missing).described_by_its_type()
    })?;
    let invalid = |detail: &str| {
        Reject::new(ProblemKind::IdempotencyKeyInvalid, detail).described_by_its_type()
    };
    if values.next().is_some() {
        return Err(invalid("Send one Idempotency-Key, not several."));
    }
    IdempotencyKey::parse(value.as_bytes()).map_err(|error| invalid(&format!("{error}.")))
}

/// What an admitted submission is answered with.
enum Reply {
    /// Its outcome.
    Concluded(Conclusion),
    /// Its job, which goes on; `joined` when another request began it.
    Pending { view: JobView, joined: bool },
}

/// Takes a submission to admission, and waits for its outcome if there is one to wait for.
async fn admit(
    app: &App,
    job: &QueuedJob,
    bucket: &str,
    deadline: Instant,
) -> Result<(Result<Reply, Reject>, Option<Quota>), Reject> {
    let id = job.id();
    // Taken before the job can finish, or its outcome might pass unseen.
    let ticket = (deadline > Instant::now()).then(|| app.outcomes.ticket(id)).flatten();
    let admission = app.admissions.call(app.queue.submission(job, bucket)).await??;
    let quota = admission.quota;
    let (word, reply) = match admission.verdict {
        Verdict::Enqueued => {
            let begun = Reply::Pending { view: JobView::queued(id, job), joined: false };
            ("enqueued", Ok(wait(app, job, ticket, deadline, begun).await))
        }
        Verdict::Known(record) => match Reply::of_record(&record, job, true) {
            concluded @ Reply::Concluded(_) => ("replayed", Ok(concluded)),
            begun => ("joined", Ok(wait(app, job, ticket, deadline, begun).await)),
        },
        Verdict::Reused => ("reused", Err(reused(id))),
        Verdict::Contested => ("reused", contested(app, job).await),
        Verdict::Limited => ("limited", Err(limited(quota))),
        Verdict::Full => ("full", Err(full())),
    };
    let labels = [("operation", job.command.operation().as_str()), ("admission", word)];
    metrics::counter!("commerce_submissions_total", &labels).increment(1);
    Ok((reply, quota))
}

/// Waits for the outcome of a job that has begun, until `deadline` or until the api stops: the job
/// goes on in any case.
async fn wait(
    app: &App,
    job: &QueuedJob,
    ticket: Option<Ticket>,
    deadline: Instant,
    begun: Reply,
) -> Reply {
    let (Some(ticket), Reply::Pending { joined, .. }) = (ticket, &begun) else { return begun };
    let joined = *joined;
    let id = job.id();
    let look = || async {
        let record = app.queue.record(id).await.ok().flatten()?;
        Conclusion::of_record(&record, job)
    };
    match app.stop.run_until_cancelled(ticket.wait(deadline, look)).await {
        Some(Waited::Announced(outcome)) => {
            Reply::Concluded(Conclusion::of_outcome(&outcome).joined(joined))
        }
        Some(Waited::Looked(conclusion)) => Reply::Concluded(conclusion.joined(joined)),
        // It may have got on meanwhile.
        Some(Waited::TimedOut) | None => match app.queue.record(id).await {
            Ok(Some(record)) => Reply::of_record(&record, job, joined),
            Ok(None) | Err(_) => begun,
        },
    }
}

/// Another request with this key is on its way. If Redis had forgotten the key, that one may be the
/// impostor and this one the first: the ledger knows.
async fn contested(app: &App, job: &QueuedJob) -> Result<Reply, Reject> {
    match ledger::find_job(&app.pool, job.client, job.id()).await? {
        Some(entry) if entry.fingerprint == job.fingerprint => {
            Ok(Reply::Concluded(Conclusion::of_entry(entry)))
        }
        _ => Err(reused(job.id())),
    }
}

impl Reply {
    fn of_record(record: &Record, job: &QueuedJob, joined: bool) -> Self {
        match Conclusion::of_record(record, job) {
            Some(conclusion) => Self::Concluded(conclusion.joined(joined)),
            None => Self::Pending { view: JobView::from_record(job.id(), record), joined },
        }
    }
}

/// The key was used for something else.
#[must_use]
pub fn reused(id: JobId) -> Reject {
    let detail = "This Idempotency-Key was used for a request with another method, path or body. \
                  Nothing happened. A new intent needs a new key.";
    let problem = Problem::new(ProblemKind::IdempotencyKeyReused, detail);
    Reject::from(problem.with("job", format!("/jobs/{id}")))
}

fn limited(quota: Option<Quota>) -> Reject {
    let seconds = quota.map_or(1, |quota| quota.reset_seconds.max(1));
    let detail = format!("Nothing was accepted. Wait {seconds} s and try again.");
    let problem = Problem::new(ProblemKind::RateLimited, detail)
        .with("retry_after", seconds)
        .with("violated-policies", vec!["default"]);
    Reject::from(problem).retry_after(seconds)
}

fn full() -> Reject {
    let detail = "Nothing was accepted. Try again with the same key.";
    Reject::new(ProblemKind::QueueFull, detail).retry_after(RETRY_AFTER_FULL)
}
