//! `GET /jobs/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader, WAIT_MAX, decimal, invalid_parameter, query};
use crate::respond::{self, AboutJob};
use crate::state::ApiState;
use crate::submit::{Look, view_of_record, wait};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::view::JobView;
use contract::{Problem, ProblemKind};
use domain::{AcceptedJob, Answer, ClientId, JobId, JobStatus, LogEntry};
use queue::{QueuedJob, Record};
use serde::Deserialize;
use std::time::Duration;
use store::accepted::{self, Standing};
use store::command_log;
use tokio::time::{Instant, timeout};
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wait {
    /// The seconds to wait for the job to end.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 30)]
    wait: Option<String>,
}

/// How long the command log is asked whether a job has ended.
const LOOK_WITHIN: Duration = Duration::from_millis(500);

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] =
    &[ProblemKind::InvalidRequest, ProblemKind::JobNotFound, ProblemKind::QueueUnavailable];

/// A job of the caller.
///
/// With `?wait=SECONDS` it answers when the job has ended, or after that time.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    operation_id = "get_job",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The id of the job."), Wait),
    responses((status = 200, description = "The job.", body = JobView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
    uri: Uri,
) -> Result<Response, ApiError> {
    let deadline = Instant::now() + query::<Wait>(&uri)?.parse()?;
    let id = parameter.job_id().ok_or_else(not_found)?;

    let waits = deadline > Instant::now();
    let ticket = waits.then(|| state.outcomes.ticket(id, &caller.bucket)).flatten();
    let (mut view, _) = find(&state, caller.client, id).await?;
    if let Some(mut ticket) = ticket.filter(|_| !view.is_final()) {
        let look = || async {
            match find(&state, caller.client, id).await {
                Ok((view, _)) if view.is_final() => Look::Break(()),
                Ok((_, awaits_effect)) => Look::Continue(awaits_effect),
                Err(_) => Look::Continue(false),
            }
        };
        wait(&state, &mut ticket, deadline, look).await;
        (view, _) = find(&state, caller.client, id).await?;
    }
    let mut response = respond::job(&view);
    response.extensions_mut().insert(AboutJob(id));
    Ok(response)
}

impl Wait {
    fn parse(self) -> Result<Duration, ApiError> {
        let Some(text) = self.wait else {
            return Ok(Duration::ZERO);
        };
        let wait = decimal(&text).map(Duration::from_secs).filter(|wait| *wait <= WAIT_MAX);
        wait.ok_or_else(|| invalid_parameter("wait", "must be an integer from 0 to 30"))
    }
}

/// The job from its record in Redis, and whether it waits for an effect: then the command log is
/// asked, which has the answer first. When Redis has no record or cannot be reached, the job from
/// the command log, or as it was promised.
async fn find(state: &ApiState, client: ClientId, id: JobId) -> Result<(JobView, bool), ApiError> {
    let forgotten = match state.queue.record(id).await {
        Ok(Some(record)) if record.client == client => return Ok(view(state, id, &record).await),
        Ok(Some(_)) => return Err(not_found()),
        forgotten => forgotten,
    };
    match accepted::find_standing(&state.database, client, id).await? {
        Some(Standing::Decided(entry)) => Ok(of_entry(&entry)),
        Some(Standing::Accepted(accepted)) => Ok((view_of_accepted(&accepted)?, false)),
        None => Err(forgotten.err().map_or_else(not_found, ApiError::from)),
    }
}

/// The job from its record. Redis may have gone back to what it knew before, as when a replica was
/// promoted that lagged. So the command log is asked about a job whose record has no outcome, for
/// no longer than [`LOOK_WITHIN`]: while Postgres is away, the record counts.
async fn view(state: &ApiState, id: JobId, record: &Record) -> (JobView, bool) {
    if matches!(record.status, JobStatus::Succeeded | JobStatus::Failed) {
        return (view_of_record(id, record), false);
    }
    let look = command_log::find_job(&state.database, record.client, id);
    match timeout(LOOK_WITHIN, look).await {
        Ok(Ok(Some(entry))) => of_entry(&entry),
        Ok(Ok(None) | Err(_)) | Err(_) => (view_of_record(id, record), record.awaits_effect),
    }
}

fn of_entry(entry: &LogEntry) -> (JobView, bool) {
    (JobView::from_entry(entry), entry.answered.is_none())
}

/// The view of a job that its client was promised, and that Redis does not show.
fn view_of_accepted(accepted: &AcceptedJob) -> Result<JobView, ApiError> {
    let job = QueuedJob::of_accepted(accepted).map_err(|_| ApiError::internal())?;
    let status = if accepted.ended_at.is_some() { JobStatus::Dead } else { JobStatus::Queued };
    let (id, operation) = (job.id(), job.command.operation());
    let view = JobView::new(id, operation, status, 0, accepted.submitted_at);
    if accepted.ended_at.is_none() {
        return Ok(view);
    }
    let problem = Problem::given_up("its attempts are over").about_job(id);
    let answer = Answer { status: problem.status, body: problem.to_json() };
    Ok(view.answered(&answer, accepted.ended_at))
}

fn not_found() -> ApiError {
    ApiError::from(Problem::new(
        ProblemKind::JobNotFound,
        "You have submitted no such job, or it was lost before a worker took it. Submitting again \
         with the same Idempotency-Key is always safe.",
    ))
}
