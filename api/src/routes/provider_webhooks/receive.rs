//! Receives a webhook of any provider.

use crate::api_error::ApiError;
use crate::extract::read_body;
use crate::respond;
use crate::state::ApiState;
use axum::extract::Request;
use axum::response::Response;
use contract::ProblemKind;
use domain::{EventSubject, Provider};
use runtime::clock;
use serde::{Deserialize, Serialize};
use store::provider_inbox;
use utoipa::ToSchema;

/// The problems of webhooks.
pub(super) const PROBLEMS: &[ProblemKind] = &[
    ProblemKind::WebhookSignatureInvalid,
    ProblemKind::MalformedJson,
    ProblemKind::PayloadTooLarge,
];

/// The longest id of an event.
const ID_LENGTH_MAX: usize = 255;

/// A webhook that was taken.
#[derive(Serialize, ToSchema)]
pub(super) struct Taken {
    /// Always true: the provider need not send it again.
    received: bool,
}

/// The members of an event that are looked at here.
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Keeps a webhook for a worker. It is told once, however often it is sent.
pub(super) async fn receive(
    state: &ApiState,
    provider: Provider,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = read_body(body, &state.large_bodies).await?;
    state.webhook_secrets.verify(provider, (&parts.headers, &body), clock::now())?;
    let not_an_event =
        || ApiError::new(ProblemKind::MalformedJson, "The body must be an event with id and type.");
    let payload = std::str::from_utf8(&body).map_err(|_| not_an_event())?;
    let event: Event = serde_json::from_str(payload).map_err(|_| not_an_event())?;
    if event.id.is_empty() || event.id.len() > ID_LENGTH_MAX || payload.contains('\0') {
        return Err(not_an_event());
    }
    // All others are taken and dropped.
    let is_known = EventSubject::of_type(&event.kind).is_some();
    if is_known {
        provider_inbox::put(&state.database, provider, &event.id, payload).await?;
    }
    let word = if is_known { "kept" } else { "dropped" };
    let labels = [("provider", provider.as_str()), ("webhook", word)];
    metrics::counter!("commerce_provider_webhooks_total", &labels).increment(1);
    Ok(respond::json(&Taken { received: true }))
}
