//! The cache of valid API keys.

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
pub(crate) struct KeyCache(Cache<String, StoredApiKey>);

impl Default for KeyCache {
    fn default() -> Self {
        Self::with_ttl(CACHE_TTL)
    }
}

impl KeyCache {
    fn with_ttl(ttl: Duration) -> Self {
        Self(Cache::builder().max_capacity(CACHE_MAX).time_to_live(ttl).build())
    }

    /// The stored key of that id, if it is valid. Requests for the same key at the same time share
    /// one look-up.
    pub(crate) async fn find(
        &self,
        database: &Database,
        id: &str,
    ) -> Result<Option<StoredApiKey>, Arc<Missing>> {
        let look = async {
            match api_keys::find_valid(database, id).await {
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
    use crate::settings::Scope;
    use support::eventually_true;

    #[tokio::test]
    async fn a_revoked_key_is_remembered_for_the_time_of_the_cache_and_no_longer() {
        // As `api keys revoke` says.
        assert_eq!(CACHE_TTL, Duration::from_secs(30));
        let database = support::Database::create().await;
        let database = database.store();
        let key = keys::create(database, "shop", Scope::Read, None).await.unwrap();
        let id = &key[4..12];
        let (long, short) = (KeyCache::default(), KeyCache::with_ttl(Duration::from_millis(50)));
        let knows = async |cache: &KeyCache| cache.find(database, id).await.unwrap().is_some();
        assert!(knows(&long).await && knows(&short).await);

        api_keys::revoke(database, id).await.unwrap();
        assert!(knows(&long).await);
        let forgotten = async || Ok(!knows(&short).await);
        eventually_true("it is forgotten", Duration::from_secs(10), forgotten).await.unwrap();
        assert!(!knows(&KeyCache::default()).await);
    }
}
