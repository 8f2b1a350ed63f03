//! Keys: valid until they expire or are revoked; their use is noted once a minute.

use domain::{ClientId, Instant};
use store::StoreError;
use store::api_keys::{self, NewApiKey};
use support::Database;

const HASH: [u8; 32] = [7; 32];

/// Makes the database one that sessions begun from now on can only read.
const READ_ONLY: &str = "DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
END $$";

fn key<'a>(id: &'a str, client: &'a str) -> NewApiKey<'a> {
    NewApiKey { id, client: Some(client), secret_hash: &HASH, scope: "write", expires_at: None }
}

async fn last_used(database: &Database, id: &str) -> Option<Instant> {
    database.value(&format!("SELECT last_used_at FROM api_keys WHERE id = '{id}'")).await
}

#[tokio::test]
async fn a_key_is_found_as_it_was_stored() {
    let database = Database::create().await;
    api_keys::create(database.store(), key("AbCd1234", "shop")).await.unwrap();
    let found = api_keys::find_valid(database.store(), "AbCd1234").await.unwrap().unwrap();
    assert_eq!(found.secret_hash, HASH);
    assert_eq!(found.scope, "write");
    assert!(found.client.get() >= 100, "no built-in client: {:?}", found.client);
    // Ids are compared to the letter.
    for unknown in ["abcd1234", "AbCd123", "AbCd1234 ", "", "' OR true --"] {
        assert!(api_keys::find_valid(database.store(), unknown).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn keys_of_one_name_speak_for_one_client() {
    let database = Database::create().await;
    for (id, client) in [("aaaaaaa1", "shop"), ("aaaaaaa2", "shop"), ("aaaaaaa3", "other")] {
        api_keys::create(database.store(), key(id, client)).await.unwrap();
    }
    api_keys::create(database.store(), key("aaaaaaa4", "local")).await.unwrap();
    let mut clients = Vec::new();
    for id in ["aaaaaaa1", "aaaaaaa2", "aaaaaaa3", "aaaaaaa4"] {
        clients.push(api_keys::find_valid(database.store(), id).await.unwrap().unwrap().client);
    }
    assert_eq!(clients[0], clients[1]);
    assert_ne!(clients[0], clients[2]);
    assert_eq!(clients[3], ClientId::LOCAL);

    let listed = api_keys::list(database.store()).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|k| (k.client.as_str(), k.id.as_str())).collect();
    let expected =
        [("local", "aaaaaaa4"), ("other", "aaaaaaa3"), ("shop", "aaaaaaa1"), ("shop", "aaaaaaa2")];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn one_new_client_made_by_many_at_once_is_one() {
    let database = Database::create().await;
    let mut making = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = database.store_of(1);
        making.spawn(
            async move { api_keys::create(&store, key(&format!("aaaaaaa{n}"), "shop")).await },
        );
    }
    for made in making.join_all().await {
        made.unwrap();
    }
    let clients = "SELECT count(DISTINCT client_id) FROM api_keys";
    assert_eq!(database.value::<i64>(clients).await, 1);
}

#[tokio::test]
async fn an_expired_key_is_not_found() {
    let database = Database::create().await;
    let soon: Instant = database.value("SELECT now() + interval '1 hour'").await;
    let new = NewApiKey { expires_at: Some(soon), ..key("AbCd1234", "shop") };
    api_keys::create(database.store(), new).await.unwrap();
    assert!(api_keys::find_valid(database.store(), "AbCd1234").await.unwrap().is_some());

    database.run("UPDATE api_keys SET expires_at = now() - interval '1 millisecond'").await;
    assert!(api_keys::find_valid(database.store(), "AbCd1234").await.unwrap().is_none());
}

#[tokio::test]
async fn a_key_is_revoked_once_and_for_good() {
    let database = Database::create().await;
    api_keys::create(database.store(), key("AbCd1234", "shop")).await.unwrap();
    assert!(api_keys::revoke(database.store(), "AbCd1234").await.unwrap());
    assert!(api_keys::find_valid(database.store(), "AbCd1234").await.unwrap().is_none());
    let at = "SELECT revoked_at FROM api_keys";
    let first: Instant = database.value(at).await;

    assert!(!api_keys::revoke(database.store(), "AbCd1234").await.unwrap());
    assert!(!api_keys::revoke(database.store(), "unknown1").await.unwrap());
    assert_eq!(database.value::<Instant>(at).await, first);
    assert_eq!(api_keys::list(database.store()).await.unwrap()[0].revoked_at, Some(first));
}

#[tokio::test]
async fn a_use_is_noted_at_most_once_a_minute() {
    let database = Database::create().await;
    for id in ["AbCd1234", "unused12"] {
        api_keys::create(database.store(), key(id, "shop")).await.unwrap();
    }
    let used = ["AbCd1234".to_owned(), "AbCd1234".to_owned(), "unknown1".to_owned()];
    let note = async || api_keys::note_uses(database.store(), &used).await.unwrap();
    assert_eq!(last_used(&database, "AbCd1234").await, None);
    note().await;
    let first = last_used(&database, "AbCd1234").await;
    assert!(first.is_some());
    note().await;
    assert_eq!(last_used(&database, "AbCd1234").await, first);

    let earlier = "UPDATE api_keys SET last_used_at = now() - interval '61 seconds'
                   WHERE last_used_at IS NOT NULL";
    database.run(earlier).await;
    note().await;
    assert!(last_used(&database, "AbCd1234").await > first);
    assert_eq!(last_used(&database, "unused12").await, None);
}

#[tokio::test]
async fn a_key_is_found_where_nothing_can_be_written() {
    let database = Database::create().await;
    api_keys::create(database.store(), key("AbCd1234", "shop")).await.unwrap();
    database.run(READ_ONLY).await;
    let standby = database.store_of(2);
    assert!(api_keys::find_valid(&standby, "AbCd1234").await.unwrap().is_some());
    assert!(api_keys::note_uses(&standby, &["AbCd1234".to_owned()]).await.is_err());
    assert_eq!(last_used(&database, "AbCd1234").await, None);
}

#[tokio::test]
async fn a_key_that_breaks_the_schema_is_refused_and_leaves_no_client() {
    let database = Database::create().await;
    api_keys::create(database.store(), key("AbCd1234", "shop")).await.unwrap();
    let taken = api_keys::create(database.store(), key("AbCd1234", "new")).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict(_)), "{taken:?}");
    for bad in [
        NewApiKey { scope: "root", ..key("aaaaaaa1", "new") },
        NewApiKey { secret_hash: &HASH[..31], ..key("aaaaaaa1", "new") },
        key("short", "new"),
    ] {
        let error = api_keys::create(database.store(), bad).await.unwrap_err();
        assert_eq!(error.public_cause(), "the database refused it (23514)");
    }
    let new = "SELECT count(*) FROM clients WHERE name = 'new'";
    assert_eq!(database.value::<i64>(new).await, 0);
}
