//! `GET /jobs/{id}`

use super::{Named, invalid_parameter, query};
use crate::app::App;
use crate::auth::Reader;
use crate::job_view::JobView;
use crate::prefer::WAIT_MAX;
use crate::reject::Reject;
use crate::respond::{self, AboutJob};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use serde::Deserialize;
use shared::domain::problem::{Problem, ProblemKind};
use shared::domain::{ClientId, JobId};
use shared::store::ledger;
use std::time::Duration;
use tokio::time::Instant;

#[derive(Deserialize)]
struct Wait {
    wait: Option<String>,
}

/// A job of the caller; with `?wait=SECONDS` once it has ended, or after that time.
pub async fn get(
    State(app): State<App>,
    Reader(caller): Reader,
    Named(id): Named,
    uri: Uri,
) -> Result<Response, Reject> {
    let deadline = Instant::now() + query::<Wait>(&uri)?.parse()?;
    let id = JobId(id.parse().map_err(|_| not_found())?);

    let ticket = (deadline > Instant::now()).then(|| app.outcomes.ticket(id)).flatten();
    let mut view = find(&app, caller.client, id).await?;
    if let Some(ticket) = ticket.filter(|_| !view.is_final()) {
        let look = || async {
            let found = find(&app, caller.client, id).await;
            found.ok().filter(JobView::is_final).map(drop)
        };
        app.stop.run_until_cancelled(ticket.wait(deadline, look)).await;
        view = find(&app, caller.client, id).await?;
    }
    let mut response = respond::job(&view);
    response.extensions_mut().insert(AboutJob(id));
    Ok(response)
}

impl Wait {
    fn parse(self) -> Result<Duration, Reject> {
        let Some(text) = self.wait else {
            return Ok(Duration::ZERO);
        };
        let wait = text.parse().ok().map(Duration::from_secs).filter(|wait| *wait <= WAIT_MAX);
        wait.ok_or_else(|| invalid_parameter("wait", "must be an integer from 0 to 30"))
    }
}

/// From Redis, and from the ledger when Redis has forgotten it or is away.
async fn find(app: &App, client: ClientId, id: JobId) -> Result<JobView, Reject> {
    let record = app.queue.record(id).await;
    match record {
        Ok(Some(record)) if record.client == client => Ok(JobView::from_record(id, &record)),
        Ok(Some(_)) => Err(not_found()),
        forgotten => match ledger::find_job(&app.pool, client, id).await? {
            Some(entry) => Ok(JobView::from_entry(&entry)),
            None => Err(forgotten.err().map_or_else(not_found, Reject::from)),
        },
    }
}

fn not_found() -> Reject {
    Reject::from(Problem::new(
        ProblemKind::JobNotFound,
        "You have submitted no such job, or it was lost before a worker took it. Submitting again \
         with the same Idempotency-Key is always safe.",
    ))
}
