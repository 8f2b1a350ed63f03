//! The caller of a request, and what the caller may do.

use crate::api_error::ApiError;
use crate::extract::authentication_failure::AuthenticationFailure;
use crate::extract::{ApiKey, bucket, client_address};
use crate::key_cache::Missing;
use crate::scope::Scope;
use crate::settings::AuthMode;
use crate::state::ApiState;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use contract::Problem;
use domain::{ClientId, RateLimit};
use store::api_keys::StoredApiKey;

/// The caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The client that owns the API key. Its jobs and idempotency keys stay when it gets a new key.
    pub(crate) client: ClientId,
    /// The name of the bucket that its rate limit is counted in.
    pub(crate) bucket: String,
    /// Who it is in the audit: the id of its key, or `open` where none is needed.
    pub(crate) actor: String,
    /// Its rate limit.
    pub(crate) rate_limit: RateLimit,
    /// Whether it is live; the time of others, test clients, stands still.
    pub(crate) livemode: bool,
    /// Whether it is the operator, who sees what is no client's own.
    is_operator: bool,
}

/// The caller of this request; an error if its API key is not valid or does not allow `scope`.
pub(crate) async fn authenticate(
    state: &ApiState,
    parts: &Parts,
    scope: Scope,
) -> Result<Caller, ApiError> {
    if state.auth == AuthMode::Open && !has_key(parts) {
        let bucket = bucket(client_address(parts, &state.trusted_proxies));
        let (client, rate_limit) = (ClientId::LOCAL, state.rate_limit);
        let actor = "open".to_owned();
        let (livemode, is_operator) = (true, true);
        return Ok(Caller { client, bucket, actor, rate_limit, livemode, is_operator });
    }
    let (actor, stored) = match stored_key(state, parts).await? {
        Ok(stored) => stored,
        Err(failure) => return Err(failure.into_error(state, parts).await),
    };
    if Scope::parse(&stored.scope).is_none_or(|granted| granted < scope) {
        return Err(insufficient(scope.as_str()));
    }
    Ok(Caller {
        client: stored.client,
        bucket: format!("client:{}", stored.client),
        actor,
        rate_limit: stored.rate_limit.unwrap_or(state.rate_limit),
        livemode: stored.livemode,
        is_operator: stored.is_operator,
    })
}

/// Whether the request presents what may be an API key. In open mode it is that of a client beside
/// the one of everybody, such as a test client, and must be valid: nobody is to act for the wrong
/// client because of a slip. Whatever else is presented there does not count.
fn has_key(parts: &Parts) -> bool {
    let presented = parts.headers.get(header::AUTHORIZATION);
    presented.and_then(|value| value.to_str().ok()).and_then(bearer).is_some_and(ApiKey::is_meant)
}

/// The id of the key that the request has presented, and the key as stored; the outer error if it
/// could not be looked up.
async fn stored_key(
    state: &ApiState,
    parts: &Parts,
) -> Result<Result<(String, StoredApiKey), AuthenticationFailure>, ApiError> {
    let Some(presented) = parts.headers.get(header::AUTHORIZATION) else {
        return Ok(Err(AuthenticationFailure::NoKey));
    };
    let Some(key) = presented.to_str().ok().and_then(bearer).and_then(ApiKey::parse) else {
        return Ok(Err(AuthenticationFailure::NotAKey));
    };
    let turn = async {
        let peer = bucket(client_address(parts, &state.trusted_proxies));
        state.failed_authentications.turn(&peer).await
    };
    match state.key_cache.find(&key, turn).await {
        Ok(Some(stored)) if key.matches(&stored.secret_hash) => {
            Ok(Ok((key.id().to_owned(), stored)))
        }
        Ok(Some(_)) => Ok(Err(AuthenticationFailure::WrongSecret(key))),
        Ok(None) => Ok(Err(AuthenticationFailure::NotValid(key))),
        Err(missing) => Err(unavailable(&missing)),
    }
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

/// A caller who manages what all users of the client share.
#[derive(Debug)]
pub(crate) struct Administrator(pub(crate) Caller);

impl FromRequestParts<ApiState> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        authenticate(state, parts, Scope::Admin).await.map(Self)
    }
}

/// A caller who is the operator.
#[derive(Debug)]
pub(crate) struct Operator;

impl FromRequestParts<ApiState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let caller = authenticate(state, parts, Scope::Read).await?;
        caller.is_operator.then_some(Self).ok_or_else(|| insufficient("operator"))
    }
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, key) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn insufficient(required: &str) -> ApiError {
    ApiError::from(Problem::insufficient_scope(required))
}

fn unavailable(missing: &Missing) -> ApiError {
    if let Missing::Unavailable(error) = missing {
        tracing::warn!(%error, "API keys could not be looked up");
    }
    ApiError::storage_unavailable()
}
