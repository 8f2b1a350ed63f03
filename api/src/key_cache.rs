//! The cache of valid API keys.

use crate::extract::ApiKey;
use crate::key_uses::KeyUses;
use moka::future::Cache;
use std::sync::Arc;
use std::time::Duration;
use store::api_keys::{self, StoredApiKey};
use store::{Database, StoreError};

/// The time for which a key is cached. A revoked key works for this long at most.
const CACHE_TTL: Duration = Duration::from_secs(30);

/// The most keys that are cached. It is far more than are in use at once.
const CACHE_MAX: u64 = 10_000;

/// Keys that were valid when they were last looked up, at most [`CACHE_TTL`] ago.
#[derive(Clone)]
pub(crate) struct KeyCache {
    database: Database,
    keys: Cache<String, StoredApiKey>,
    uses: KeyUses,
}

impl KeyCache {
    /// A cache of the keys in `database`. It ends with its last clone.
    pub(crate) fn new(database: Database) -> Self {
        Self::with_ttl(database, CACHE_TTL)
    }

    fn with_ttl(database: Database, ttl: Duration) -> Self {
        let keys = Cache::builder().max_capacity(CACHE_MAX).time_to_live(ttl).build();
        Self { uses: KeyUses::noted_in(database.clone()), database, keys }
    }

    /// The stored key with the id of `key`, if it is valid. Requests for the same key at the same
    /// time share one look-up. A key in use is looked up every [`CACHE_TTL`], and its use noted. A
    /// look-up waits for its `turn` and holds that while it lasts.
    pub(crate) async fn find<Turn>(
        &self,
        key: &ApiKey,
        turn: impl Future<Output = Turn>,
    ) -> Result<Option<StoredApiKey>, Arc<Missing>> {
        let look = async {
            let _turn = turn.await;
            match api_keys::find_valid(&self.database, key.id()).await {
                Ok(Some(stored)) => {
                    if key.matches(&stored.secret_hash) {
                        self.uses.note(key.id());
                    }
                    Ok(stored)
                }
                Ok(None) => Err(Missing::Unknown),
                Err(error) => Err(Missing::Unavailable(error)),
            }
        };
        match self.keys.try_get_with(key.id().to_owned(), look).await {
            Ok(key) => Ok(Some(key)),
            Err(missing) if matches!(*missing, Missing::Unknown) => Ok(None),
            Err(missing) => Err(missing),
        }
    }
}

/// The reason why there is no key to cache.
#[derive(Debug)]
pub(crate) enum Missing {
    Unknown,
    Unavailable(StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::keys;
    use crate::scope::Scope;
    use domain::RateLimit;
    use std::future::ready;
    use store::clients;
    use support::eventually_true;

    #[tokio::test]
    async fn a_revoked_key_is_remembered_for_the_time_of_the_cache_and_no_longer() {
        // As `api keys revoke` says.
        assert_eq!(CACHE_TTL, Duration::from_secs(30));
        let database = support::Database::create().await;
        let database = database.store();
        let cached_for = |ttl| KeyCache::with_ttl(database.clone(), ttl);
        let key = keys::create(database, Some("shop"), Scope::Read, None).await.unwrap();
        let key = ApiKey::parse(&key.key).unwrap();
        let (long, short) = (cached_for(CACHE_TTL), cached_for(Duration::from_millis(50)));
        let knows = async |cache: &KeyCache| cache.find(&key, ready(())).await.unwrap().is_some();
        assert!(knows(&long).await && knows(&short).await);

        api_keys::revoke(database, key.id()).await.unwrap();
        assert!(knows(&long).await);
        let forgotten = async || Ok(!knows(&short).await);
        eventually_true("it is forgotten", Duration::from_secs(10), forgotten).await.unwrap();
        assert!(!knows(&cached_for(CACHE_TTL)).await);
    }

    #[tokio::test]
    async fn a_limit_that_is_changed_is_known_after_the_time_of_the_cache() {
        let database = support::Database::create().await;
        let database = database.store();
        let key = keys::create(database, Some("shop"), Scope::Write, None).await.unwrap();
        let key = ApiKey::parse(&key.key).unwrap();
        let cache = KeyCache::with_ttl(database.clone(), Duration::from_millis(50));
        let limit = async || cache.find(&key, ready(())).await.unwrap().unwrap().rate_limit;
        assert_eq!(limit().await, None);

        let own = RateLimit::new(600, 60);
        assert!(clients::set_rate_limit(database, "shop", own).await.unwrap());
        let known = async || Ok(limit().await == own);
        eventually_true("it is known", Duration::from_secs(10), known).await.unwrap();
    }

    #[tokio::test]
    async fn the_use_of_a_key_is_noted_if_it_lets_somebody_in() {
        let owner = support::Database::create().await;
        let database = owner.store();
        let mut made = Vec::new();
        for _ in 0..3 {
            let key = keys::create(database, Some("shop"), Scope::Read, None).await.unwrap();
            made.push(ApiKey::parse(&key.key).unwrap());
        }
        let [good, other, revoked] = &made[..] else { unreachable!() };
        api_keys::revoke(database, revoked.id()).await.unwrap();
        let guess = format!("sck_{}_{}", other.id(), &good.expose()[13..]);

        let cache = KeyCache::new(database.clone());
        assert!(cache.find(&ApiKey::parse(&guess).unwrap(), ready(())).await.unwrap().is_some());
        assert!(cache.find(revoked, ready(())).await.unwrap().is_none());
        assert!(cache.find(good, ready(())).await.unwrap().is_some());
        owner.until("SELECT count(*) > 0 FROM api_keys WHERE last_used_at IS NOT NULL").await;
        let used = "SELECT string_agg(id, '') FROM api_keys WHERE last_used_at IS NOT NULL";
        assert_eq!(owner.value::<String>(used).await, good.id());
    }
}
