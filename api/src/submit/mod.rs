//! The code that all commands share: from a request to an admitted job to an answer.

mod admit;
mod job_result;
mod reply;
mod wait;

pub(crate) use reply::view_of_record;
pub(crate) use wait::{Look, wait};

use wait::Deadlines;

use crate::api_error::ApiError;
use crate::extract::{Prefer, authenticate, command_fields, idempotency_key, read_body};
use crate::respond::{self, AboutJob};
use crate::scope::Scope;
use crate::state::ApiState;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::response::Response;
use domain::{Command, Fingerprint};
use queue::QueuedJob;
use runtime::clock;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Answers a submission of a command of type `C`, which is its body.
pub(crate) async fn handle<C>(state: ApiState, request: Request) -> Result<Response, ApiError>
where
    C: DeserializeOwned + ToSchema + Into<Command>,
{
    handle_as(state, request, Scope::Write, |command: C| Ok(command.into())).await
}

/// Answers a submission that needs that scope and has a body of type `B`, of which `command` makes
/// the command.
#[tracing::instrument(level = "debug", skip_all)]
pub(crate) async fn handle_as<B>(
    state: ApiState,
    request: Request,
    scope: Scope,
    command: impl FnOnce(B) -> Result<Command, ApiError>,
) -> Result<Response, ApiError>
where
    B: DeserializeOwned + ToSchema,
{
    let (parts, body) = request.into_parts();
    // First the key: nothing is kept for a client that has none.
    let caller = authenticate(&state, &parts, scope).await?;
    let body = read_body(body, &state.large_bodies).await;
    let key = idempotency_key(&parts.headers)?;
    let prefer = Prefer::from_headers(&parts.headers);
    let fields = command_fields(&parts.headers, &body?)?;
    let fingerprint =
        Fingerprint::of_request(parts.method.as_str(), parts.uri.path(), fields.canonical());
    let command = command(fields.read::<B>().map_err(ApiError::invalid)?)?;
    let job = QueuedJob::new(caller.client, key, fingerprint, clock::now(), command);

    let now = Instant::now();
    let decision = now + prefer.wait(state.response_wait);
    let effect = decision.max(now + prefer.wait(state.payment_wait));
    let deadlines = Deadlines { decision, effect };
    let (reply, quota) = admit::admit(&state, &job, &caller, deadlines).await?;
    let mut response = reply::respond(reply, &job);
    response.extensions_mut().insert(AboutJob(job.id()));
    let headers = response.headers_mut();
    if let Some(quota) = quota {
        respond::add_quota(headers, caller.rate_limit, quota);
    }
    if let Some(applied) = prefer.applied().and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert("preference-applied", applied);
    }
    Ok(response)
}
