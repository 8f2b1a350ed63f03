//! Clients, their rate limits, and which of them is the operator.

use domain::RateLimit;
use store::api_keys::{self, KeyOwner, NewApiKey};
use store::{Finish, Migrated, clients};
use support::Database;

/// Takes the migration back that makes the operator.
const BEFORE_IT: &str = "
    DELETE FROM plan_versions USING clients WHERE client_id = clients.id AND is_operator;
    DELETE FROM plans USING clients WHERE client_id = clients.id AND is_operator;
    DELETE FROM clients WHERE is_operator;
    ALTER TABLE clients DROP COLUMN is_operator, DROP COLUMN rate_requests,
                        DROP COLUMN rate_window_seconds;
    DELETE FROM _sqlx_migrations WHERE version = 20261129000600";

const OPERATOR: &str = "SELECT string_agg(id || ' ' || name, ', ') FROM clients WHERE is_operator";

fn limit(text: &str) -> RateLimit {
    RateLimit::parse(text).unwrap()
}

fn key<'a>(id: &'a str, client: Option<&'a str>) -> NewApiKey<'a> {
    NewApiKey { id, client, secret_hash: &[7; 32], scope: "write", expires_at: None }
}

/// A database of the release before with those clients, migrated.
async fn migrated_with(clients: &str) -> Database {
    let database = Database::create().await;
    database.run(BEFORE_IT).await;
    database.run(&format!("INSERT INTO clients (id, name) VALUES {clients}")).await;
    let migrated = database.store().migrate(Finish::WhenAlone).await.unwrap();
    assert_eq!(migrated, Migrated::Finished);
    database
}

#[tokio::test]
async fn whoever_has_the_id_or_the_name_of_the_operator_keeps_it_and_is_not_the_operator() {
    for (id, name, operator) in [
        (77, "shop", "3 operator"),
        (3, "shop", "4 operator"),
        (77, "operator", "3 operator-2"),
        (3, "operator", "4 operator-2"),
    ] {
        let database = migrated_with(&format!("({id}, '{name}')")).await;
        assert_eq!(database.value::<String>(OPERATOR).await, operator);
        api_keys::create(database.store(), key("AbCd1234", Some(name))).await.unwrap().unwrap();
        let found = api_keys::find_valid(database.store(), "AbCd1234").await.unwrap().unwrap();
        assert_eq!((found.client.get(), found.is_operator), (id, false));
    }
    let database = migrated_with("(3, 'operator-2'), (5, 'operator')").await;
    assert_eq!(database.value::<String>(OPERATOR).await, "4 operator-3");
}

#[tokio::test]
async fn when_all_ids_below_100_are_taken_the_operator_gets_one_like_any_client() {
    let database = Database::create().await;
    database.run(BEFORE_IT).await;
    let take = "INSERT INTO clients (id, name) SELECT n, 'c' || n FROM generate_series(3, 99) n";
    database.run(take).await;
    database.store().migrate(Finish::WhenAlone).await.unwrap();
    assert_eq!(database.value::<String>(OPERATOR).await, "100 operator");
    // The next client gets the next id.
    assert!(clients::create(database.store(), "shop", None).await.unwrap());
}

#[tokio::test]
async fn keys_of_the_operator_are_made_without_a_name_only() {
    let database = Database::create().await;
    let store = database.store();
    let made = api_keys::create(store, key("AbCd1234", None)).await.unwrap();
    assert_eq!(made, Some(KeyOwner { name: "operator".to_owned(), rate_limit: None }));
    let found = api_keys::find_valid(store, "AbCd1234").await.unwrap().unwrap();
    assert_eq!((found.client.get(), found.is_operator), (3, true));

    assert_eq!(api_keys::create(store, key("AbCd1235", Some("operator"))).await.unwrap(), None);
    assert!(api_keys::find_valid(store, "AbCd1235").await.unwrap().is_none());
    let made = api_keys::create(store, key("AbCd1235", Some("shop"))).await.unwrap();
    assert_eq!(made, Some(KeyOwner { name: "shop".to_owned(), rate_limit: None }));
    let found = api_keys::find_valid(store, "AbCd1235").await.unwrap().unwrap();
    assert!(!found.is_operator);
}

#[tokio::test]
async fn a_client_is_made_once_and_its_limit_is_read_with_its_keys() {
    let database = Database::create().await;
    let store = database.store();
    assert!(clients::create(store, "shop", Some(limit("600/60"))).await.unwrap());
    assert!(!clients::create(store, "shop", Some(limit("1/1"))).await.unwrap());
    assert!(!clients::create(store, "operator", None).await.unwrap());

    let owner = api_keys::create(store, key("AbCd1234", Some("shop"))).await.unwrap().unwrap();
    assert_eq!((owner.name.as_str(), owner.rate_limit), ("shop", Some(limit("600/60"))));
    let now = async || api_keys::find_valid(store, "AbCd1234").await.unwrap().unwrap().rate_limit;
    assert_eq!(now().await, Some(limit("600/60")));
    for changed in
        [Some(limit("0/60")), Some(limit("9007199254/1")), Some(limit("104249/86400")), None]
    {
        assert!(clients::set_rate_limit(store, "shop", changed).await.unwrap());
        assert_eq!(now().await, changed);
    }
    assert!(!clients::set_rate_limit(store, "Shop", None).await.unwrap());
}

#[tokio::test]
async fn all_clients_are_listed() {
    let database = Database::create().await;
    let store = database.store();
    clients::create(store, "shop", Some(limit("600/60"))).await.unwrap();
    api_keys::create(store, key("AbCd1234", Some("another"))).await.unwrap();
    let listed = clients::list(store).await.unwrap();
    let listed: Vec<_> =
        listed.iter().map(|client| (client.name.as_str(), client.rate_limit)).collect();
    assert_eq!(clients::list(store).await.unwrap().iter().filter(|c| c.is_operator).count(), 1);
    let expected = [
        ("system", None),
        ("local", None),
        ("operator", None),
        ("shop", Some(limit("600/60"))),
        ("another", None),
    ];
    assert_eq!(listed, expected);
}
