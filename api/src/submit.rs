//! The one path that all commands take: from a request to an admitted job to an answer.

use crate::app::App;
use crate::body;
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
use shared::domain::job::JobStatus;
use shared::domain::problem::ProblemKind;
use shared::domain::rate_limit::Quota;
use shared::domain::{Answer, Fingerprint, IdempotencyKey, JobId, Problem};
use shared::queue::admission::Verdict;
use shared::queue::announcement::{Origin, Outcome};
use shared::queue::job::QueuedJob;
use shared::queue::outcomes::{Ticket, Waited};
use shared::queue::record::Record;
use tokio::time::Instant;

/// A job that was given up: time for whatever was wrong to be put right, in seconds.
const RETRY_AFTER_GIVING_UP: u64 = 60;

/// A full queue: time for workers to make room, in seconds.
const RETRY_AFTER_FULL: u64 = 5;

/// Answers a submission, whose body `build` makes a command of.
pub async fn submit(app: App, build: Build, request: Request) -> Result<Response, Reject> {
    let (parts, body) = request.into_parts();
    let caller = app.authenticate(&parts, Scope::Write).await?;
    let key = idempotency_key(&parts.headers)?;
    let prefer = Prefer::from_headers(&parts.headers);
    let mut fields = body::read(&parts.headers, body).await?;
    let fingerprint =
        Fingerprint::of_request(parts.method.as_str(), parts.uri.path(), fields.canonical());
    let command = build(&mut fields);
    let job = QueuedJob {
        client: caller.client,
        key,
        fingerprint,
        submitted_at: clock::now(),
        command: fields.finish(command)?,
    };

    let deadline = Instant::now() + prefer.wait(app.response_wait);
    let admitted = admit(&app, &job, &caller.bucket, deadline).await?;
    let mut response = match admitted.reply {
        Ok(Reply::Answered(conclusion)) => conclusion.into_response(&job),
        Ok(Reply::Pending { view, replayed }) => mark_replayed(respond::accepted(&view), replayed),
        Err(reject) => reject.into_response(),
    };
    response.extensions_mut().insert(AboutJob(job.id()));
    let headers = response.headers_mut();
    if let (Some(limit), Some(quota)) = (app.bounds.limit, admitted.quota) {
        respond::add_quota(headers, limit, quota);
    }
    if let Some(applied) = prefer
        .applied()
        .and_then(|text| HeaderValue::try_from(text).ok())
    {
        headers.insert("preference-applied", applied);
    }
    Ok(response)
}

/// Exactly one header, 1 to 255 visible characters. Two that a proxy has merged have a space.
fn idempotency_key(headers: &HeaderMap) -> Result<IdempotencyKey, Reject> {
    let mut values = headers.get_all("idempotency-key").iter();
    let detail = "Send a header Idempotency-Key with a new random value for each new intent.";
    let value = values
        .next()
        .ok_or_else(|| Reject::new(ProblemKind::IdempotencyKeyMissing, detail))?;
    let invalid = |detail: &str| Reject::new(ProblemKind::IdempotencyKeyInvalid, detail);
    if values.next().is_some() {
        return Err(invalid("Send one Idempotency-Key, not several."));
    }
    IdempotencyKey::parse(value.as_bytes()).map_err(|error| invalid(&format!("{error}.")))
}

/// What a submission came to when it reached admission.
struct Admitted {
    reply: Result<Reply, Reject>,
    quota: Option<Quota>,
}

enum Reply {
    Answered(Conclusion),
    Pending { view: JobView, replayed: bool },
}

/// How a job ended, whoever told.
struct Conclusion {
    fingerprint: Fingerprint,
    replayed: bool,
    gave_up: bool,
    answer: Answer,
}

async fn admit(
    app: &App,
    job: &QueuedJob,
    bucket: &str,
    deadline: Instant,
) -> Result<Admitted, Reject> {
    let id = job.id();
    // Taken before the job can finish, or its outcome might pass unseen.
    let ticket = (deadline > Instant::now())
        .then(|| app.outcomes.ticket(id))
        .flatten();
    let admission = app.queue.admit(job, bucket, app.bounds, None).await?;
    let (operation, quota) = (job.command.operation().as_str(), admission.quota);
    let (word, reply) = match admission.verdict {
        Verdict::Enqueued => {
            let view = JobView::queued(id, job);
            (
                "enqueued",
                Ok(wait(app, job, ticket, deadline, view, false).await),
            )
        }
        Verdict::Known(record) => match Conclusion::of_record(&record, job) {
            Some(conclusion) => (
                "replayed",
                Ok(Reply::Answered(Conclusion {
                    replayed: true,
                    ..conclusion
                })),
            ),
            None => {
                let view = JobView::from_record(id, &record);
                (
                    "joined",
                    Ok(wait(app, job, ticket, deadline, view, true).await),
                )
            }
        },
        Verdict::Reused => ("reused", Err(reused(id))),
        Verdict::Limited => ("limited", Err(limited(quota))),
        Verdict::Full => ("full", Err(full())),
    };
    let labels = [("operation", operation), ("admission", word)];
    metrics::counter!("commerce_submissions_total", &labels).increment(1);
    Ok(Admitted { reply, quota })
}

/// Waits for the outcome until `deadline`, or until the api stops: the job goes on in any case.
async fn wait(
    app: &App,
    job: &QueuedJob,
    ticket: Option<Ticket>,
    deadline: Instant,
    view: JobView,
    joined: bool,
) -> Reply {
    let id = job.id();
    let look = || async {
        let record = app.queue.record(id).await.ok().flatten()?;
        Conclusion::of_record(&record, job)
    };
    let Some(ticket) = ticket else {
        return Reply::Pending {
            view,
            replayed: joined,
        };
    };
    let waited = app
        .stop
        .run_until_cancelled(ticket.wait(deadline, look))
        .await;
    let conclusion = match waited {
        Some(Waited::Announced(outcome)) => Conclusion::of_outcome(&outcome),
        Some(Waited::Looked(conclusion)) => conclusion,
        // It may have got on meanwhile.
        Some(Waited::TimedOut) | None => match app.queue.record(id).await {
            Ok(Some(record)) => match Conclusion::of_record(&record, job) {
                Some(conclusion) => conclusion,
                None => {
                    let view = JobView::from_record(id, &record);
                    return Reply::Pending {
                        view,
                        replayed: joined,
                    };
                }
            },
            Ok(None) | Err(_) => {
                return Reply::Pending {
                    view,
                    replayed: joined,
                };
            }
        },
    };
    Reply::Answered(Conclusion {
        replayed: conclusion.replayed || joined,
        ..conclusion
    })
}

impl Conclusion {
    fn of_outcome(outcome: &Outcome) -> Self {
        Self {
            fingerprint: outcome.fingerprint,
            replayed: outcome.origin == Origin::Ledger,
            gave_up: outcome.origin == Origin::GaveUp,
            answer: outcome.answer.clone(),
        }
    }

    /// `None` while the job goes on. A record of another admission than this one is a replay.
    fn of_record(record: &Record, job: &QueuedJob) -> Option<Self> {
        let gave_up = record.status == JobStatus::Dead;
        let ended = gave_up || record.status.is_finished();
        let answer = record.answer.clone().filter(|_| ended)?;
        let replayed = record.submitted_at != job.submitted_at;
        Some(Self {
            fingerprint: record.fingerprint,
            replayed,
            gave_up,
            answer,
        })
    }

    /// The ledger may have had an answer to another request with the same key.
    fn into_response(self, job: &QueuedJob) -> Response {
        if self.fingerprint != job.fingerprint {
            return reused(job.id()).into_response();
        }
        let mut response = respond::answer(&self.answer);
        if self.gave_up {
            let after = HeaderValue::from(RETRY_AFTER_GIVING_UP);
            response.headers_mut().insert("retry-after", after);
        }
        mark_replayed(response, self.replayed)
    }
}

fn mark_replayed(mut response: Response, replayed: bool) -> Response {
    if replayed {
        let headers = response.headers_mut();
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    response
}

fn reused(id: JobId) -> Reject {
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
