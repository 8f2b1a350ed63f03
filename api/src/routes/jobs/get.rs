//! `GET /jobs/{id}`

use crate::api_error::ApiError;
use crate::extract::{PathParameter, Reader, WAIT_MAX, decimal, invalid_parameter, query};
use crate::respond::{self, AboutJob};
use crate::state::ApiState;
use crate::submit::{view_of_record, wait};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use contract::view::JobView;
use contract::{Problem, ProblemKind};
use domain::{ClientId, JobId};
use serde::Deserialize;
use std::time::Duration;
use store::command_log;
use tokio::time::Instant;
use utoipa::IntoParams;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wait {
    /// The seconds to wait for the job to end.
    #[param(value_type = Option<u64>, minimum = 0, maximum = 30)]
    wait: Option<String>,
}

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
    let mut view = find(&state, caller.client, id).await?;
    if let Some(ticket) = ticket.filter(|_| !view.is_final()) {
        let look = || async {
            let found = find(&state, caller.client, id).await;
            found.ok().filter(JobView::is_final).map(drop)
        };
        wait(&state, ticket, deadline, look).await;
        view = find(&state, caller.client, id).await?;
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

/// The job from its record in Redis. When Redis has no record or cannot be reached, the job from
/// the command log.
async fn find(state: &ApiState, client: ClientId, id: JobId) -> Result<JobView, ApiError> {
    let record = state.queue.record(id).await;
    match record {
        Ok(Some(record)) if record.client == client => Ok(view_of_record(id, &record)),
        Ok(Some(_)) => Err(not_found()),
        forgotten => match command_log::find_job(&state.database, client, id).await? {
            Some(entry) => Ok(JobView::from_entry(&entry)),
            None => Err(forgotten.err().map_or_else(not_found, ApiError::from)),
        },
    }
}

fn not_found() -> ApiError {
    ApiError::from(Problem::new(
        ProblemKind::JobNotFound,
        "You have submitted no such job, or it was lost before a worker took it. Submitting again \
         with the same Idempotency-Key is always safe.",
    ))
}
