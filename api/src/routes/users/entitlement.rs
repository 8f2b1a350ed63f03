//! `GET /users/{id}/entitlement`

use crate::api_error::ApiError;
use crate::extract::{Caller, PathParameter, Reader, is_known_tag};
use crate::respond;
use crate::state::ApiState;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use contract::ProblemKind;
use contract::refusal;
use contract::view::EntitlementView;
use domain::{Entitlement, Instant, Refusal, UserId};
use sha2::{Digest, Sha256};
use store::reads;

/// The longest time for which an entitlement may be kept, in seconds: a cancellation is seen after
/// it at the latest.
const MAX_AGE_SECONDS: i64 = 60;

/// The problems that only this read has.
pub(crate) const PROBLEMS: &[ProblemKind] = &[ProblemKind::UserNotFound];

/// Whether a user is entitled now, and to what.
///
/// It is right without any worker. It may be kept for as long as `Cache-Control` says, and asked
/// for again with its `ETag`. That of a test client is not to be kept, and has no `ETag`.
#[utoipa::path(
    get,
    path = "/users/{id}/entitlement",
    operation_id = "get_entitlement",
    tag = "users",
    params(("id" = UserId, Path, description = "The id of the user.")),
    responses((status = 200, description = "The entitlement.", body = EntitlementView)),
)]
pub(crate) async fn handle(
    State(state): State<ApiState>,
    Reader(caller): Reader,
    parameter: PathParameter,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = UserId::new(parameter.id().ok_or_else(not_found)?);
    show(&state, &caller, id, &headers).await
}

/// What a user of the caller is entitled to, unless that is what the headers say is known.
pub(super) async fn show(
    state: &ApiState,
    caller: &Caller,
    id: UserId,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let found = reads::entitlement(&state.database, caller.client, id).await?;
    let (basis, now) = found.ok_or_else(not_found)?;
    let entitlement = Entitlement::at(basis, now);
    let view = EntitlementView::new(id, &entitlement);
    if !caller.livemode {
        // Its time may leap at any moment. What says nothing else is `no-store`.
        return Ok(respond::json(&view.as_of(now)));
    }
    let tag = tag(&view);
    let mut response = if is_known_tag(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        respond::json(&view.as_of(now))
    };
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (header::ETAG, tag)));
    headers.insert(header::CACHE_CONTROL, cache_control(&entitlement, now));
    Ok(response)
}

fn not_found() -> ApiError {
    refusal::problem(&Refusal::UserNotFound).into()
}

/// A weak tag: the instant of the read is not part of it.
fn tag(view: &EntitlementView) -> String {
    let digest = Sha256::digest(serde_json::to_vec(view).unwrap_or_default());
    let (half, _) = digest.split_at(digest.len() / 2);
    format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(half))
}

/// A purchase is to be seen at once, so that who is not entitled is always asked about again.
fn cache_control(entitlement: &Entitlement, now: Instant) -> HeaderValue {
    let kept = entitlement.current.as_ref().and_then(|current| {
        let seconds = (current.until - now).num_seconds().clamp(0, MAX_AGE_SECONDS);
        HeaderValue::try_from(format!("max-age={seconds}")).ok()
    });
    kept.unwrap_or(HeaderValue::from_static("no-cache"))
}
