//! Who is asking, and what they may do.

use crate::api_key::ApiKey;
use crate::app::App;
use crate::client_address;
use crate::config::{AuthMode, Scope};
use crate::reject::Reject;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use moka::future::Cache;
use shared::domain::ClientId;
use shared::domain::problem::ProblemKind;
use shared::store::api_keys::{self, StoredKey};
use shared::store::{PgPool, StoreError};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A key that was revoked goes on working for this long at most.
const CACHE_TTL: Duration = Duration::from_secs(30);

/// Keys in use at once, generously.
const CACHE_MAX: u64 = 10_000;

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client. Its id, not its key: a new key keeps the client's jobs and idempotency keys.
    pub client: ClientId,
    /// The name of the bucket its tokens are in.
    pub bucket: String,
}

/// The keys that were valid a moment ago.
#[derive(Clone)]
pub struct KeyCache(Cache<String, StoredKey>);

impl Default for KeyCache {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CACHE_MAX).time_to_live(CACHE_TTL).build())
    }
}

impl KeyCache {
    /// The stored key of that id, if it is valid. Requests that ask at once share one look.
    async fn find(&self, pool: &PgPool, id: &str) -> Result<Option<StoredKey>, Arc<Missing>> {
        let look = async {
            match api_keys::find_valid(pool, id).await {
                Ok(Some(key)) => Ok(key),
                Ok(None) => Err(Missing::Unknown),
                Err(error) => Err(Missing::Unavailable(error)),
            }
        };
        match self.0.try_get_with(id.to_owned(), look).await {
            Ok(key) => Ok(Some(key)),
            Err(missing) if matches!(*missing, Missing::Unknown) => Ok(None),
            Err(missing) => Err(missing),
        }
    }
}

/// Why there is no key to cache.
#[derive(Debug)]
enum Missing {
    Unknown,
    Unavailable(StoreError),
}

impl App {
    /// Who sent this request, if they may do what needs `scope`.
    pub async fn authenticate(&self, parts: &Parts, scope: Scope) -> Result<Caller, Reject> {
        if self.auth == AuthMode::Open {
            let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
            let peer = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
            let bucket = client_address::bucket(peer, &parts.headers, &self.trusted_proxies);
            return Ok(Caller { client: ClientId::LOCAL, bucket });
        }
        let key = bearer(&parts.headers).and_then(ApiKey::parse).ok_or_else(unauthenticated)?;
        let stored = match self.key_cache.find(&self.pool, key.id()).await {
            Ok(stored) => stored.filter(|stored| key.matches(&stored.secret_hash)),
            Err(missing) => return Err(unavailable(&missing)),
        };
        let stored = stored.ok_or_else(unauthenticated)?;
        if Scope::parse(&stored.scope).is_none_or(|granted| granted < scope) {
            return Err(insufficient(scope));
        }
        Ok(Caller { client: stored.client, bucket: format!("client:{}", stored.client.0) })
    }
}

/// A caller who may read.
#[derive(Debug)]
pub struct Reader(pub Caller);

impl FromRequestParts<App> for Reader {
    type Rejection = Reject;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Reject> {
        app.authenticate(parts, Scope::Read).await.map(Self)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// One text for a key that is missing, unknown, expired or revoked.
fn unauthenticated() -> Reject {
    let detail = "Send Authorization: Bearer and a valid API key.";
    Reject::new(ProblemKind::Unauthenticated, detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn insufficient(scope: Scope) -> Reject {
    let detail = format!("This needs an API key of scope {}.", scope.as_str());
    let problem = shared::domain::Problem::new(ProblemKind::InsufficientScope, detail);
    Reject::from(problem.with("required_scope", scope.as_str()))
}

fn unavailable(missing: &Missing) -> Reject {
    if let Missing::Unavailable(error) = missing {
        tracing::warn!(%error, "API keys could not be looked up");
    }
    Reject::new(ProblemKind::StorageUnavailable, "Try again in a moment.").retry_after(1)
}
