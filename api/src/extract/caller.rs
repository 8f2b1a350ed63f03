//! The caller of a request, and what the caller may do.

use crate::api_error::ApiError;
use crate::extract::{ApiKey, client_address};
use crate::key_cache::Missing;
use crate::settings::{AuthMode, Scope};
use crate::state::ApiState;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use contract::{Problem, ProblemKind};
use domain::ClientId;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The client that owns the API key. Its jobs and idempotency keys stay when it gets a new key.
    pub(crate) client: ClientId,
    /// The name of the bucket that its rate limit is counted in.
    pub(crate) bucket: String,
}

/// The caller of this request; an error if its API key is not valid or does not allow `scope`.
pub(crate) async fn authenticate(
    state: &ApiState,
    parts: &Parts,
    scope: Scope,
) -> Result<Caller, ApiError> {
    if state.auth == AuthMode::Open {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
        let bucket = client_address::bucket(peer, &parts.headers, &state.trusted_proxies);
        return Ok(Caller { client: ClientId::LOCAL, bucket });
    }
    let key = bearer(&parts.headers).and_then(ApiKey::parse).ok_or_else(unauthenticated)?;
    let stored = match state.key_cache.find(&state.database, key.id()).await {
        Ok(stored) => stored.filter(|stored| key.matches(&stored.secret_hash)),
        Err(missing) => return Err(unavailable(&missing)),
    };
    let stored = stored.ok_or_else(unauthenticated)?;
    if Scope::parse(&stored.scope).is_none_or(|granted| granted < scope) {
        return Err(insufficient(scope));
    }
    Ok(Caller { client: stored.client, bucket: format!("client:{}", stored.client) })
}

/// A caller who may read.
#[derive(Debug)]
pub(crate) struct Reader(pub(crate) Caller);

impl FromRequestParts<ApiState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        authenticate(state, parts, Scope::Read).await.map(Self)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// One text for a key that is missing, unknown, expired or revoked.
fn unauthenticated() -> ApiError {
    let detail = "Send Authorization: Bearer and a valid API key.";
    ApiError::new(ProblemKind::Unauthenticated, detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn insufficient(scope: Scope) -> ApiError {
    ApiError::from(Problem::insufficient_scope(scope.as_str()))
}

fn unavailable(missing: &Missing) -> ApiError {
    if let Missing::Unavailable(error) = missing {
        tracing::warn!(%error, "API keys could not be looked up");
    }
    ApiError::storage_unavailable()
}
