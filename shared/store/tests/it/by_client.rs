//! Everything that belongs to a client is kept and looked up by client, so that the tables could be
//! distributed by it.

use crate::explain::{BIG, is_audit, queries};
use crate::sample::{begin, day, new_gift, new_subscription, new_user};
use domain::{Change, Changes, ClientId, Gift, Needs, Subscription, User};
use sqlx::query_scalar;
use support::Database;
use support::rows::{OTHER, other_client};

/// Tables of a client that grow slowly.
const SMALL: [&str; 4] = ["plans", "plan_versions", "audit", "test_clocks"];

/// The keys of these tables, and their foreign keys to each other, that do not begin with the
/// client.
const KEYS_WITHOUT_CLIENT: &str = "
    SELECT indexrelid::regclass::text FROM pg_index
    WHERE indisunique AND indrelid::regclass::text = ANY($1)
      AND (SELECT attname FROM pg_attribute
           WHERE attrelid = indrelid AND attnum = indkey[0]) <> 'client_id'
    UNION ALL
    SELECT conname::text FROM pg_constraint
    WHERE contype = 'f' AND conrelid::regclass::text = ANY($1)
      AND confrelid <> 'clients'::regclass
      AND 'client_id' <> ALL(ARRAY[
          (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]),
          (SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1])])";

#[tokio::test]
async fn every_key_and_foreign_key_begins_with_the_client() {
    let database = Database::create().await;
    let tables: Vec<String> = BIG.iter().chain(&SMALL).map(|name| (*name).to_owned()).collect();
    let look = async || -> Vec<String> {
        let look = query_scalar(KEYS_WITHOUT_CLIENT).bind(tables.clone());
        look.fetch_all(database.pool()).await.unwrap()
    };
    assert_eq!(look().await, Vec::<String>::new());

    // What the look is for.
    database
        .run(
            "CREATE UNIQUE INDEX alone ON gifts (id);
             ALTER TABLE grants ADD CONSTRAINT single FOREIGN KEY (gift_id) REFERENCES gifts (id)",
        )
        .await;
    assert_eq!(look().await, ["alone", "single"]);
}

#[tokio::test]
async fn every_big_table_has_a_client_in_each_row() {
    let database = Database::create().await;
    for table in BIG {
        let column = format!(
            "SELECT attnotnull FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attname = 'client_id'"
        );
        assert!(database.value::<bool>(&column).await, "{table}");
    }
}

/// How the statements of the code look up by client, or say that they are for all clients: what is
/// due is found for all live ones at once, and the check reads whole tables in their order.
const LOOK_UPS: [&str; 4] = [
    "client_id = ",
    "ON CONFLICT (client_id, id)",
    "WHERE livemode AND due_at <= now()",
    "WHERE (client_id, id) > ($1, $2)",
];

#[test]
fn every_statement_on_a_big_table_names_the_client() {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut looked_at = 0;
    for query in queries().into_iter().filter(|query| !is_audit(query)) {
        let words: Vec<&str> = query.text.split(|c| !is_word(c)).collect();
        if !words.iter().any(|word| BIG.contains(word)) {
            continue;
        }
        looked_at += 1;
        let is_by_client = LOOK_UPS.iter().any(|look_up| query.text.contains(look_up));
        assert!(words.contains(&"client_id") && is_by_client, "{}", query.text);
    }
    assert!(looked_at >= 5, "{looked_at} statements");
}

/// Writes a user, a subscription and a gift of that client.
async fn write(database: &Database, client: ClientId, id: i64) {
    let user = User { client, ..new_user(id, &format!("user{id}@a.org")) };
    let subscription = Subscription { client, ..new_subscription(id, user.id) };
    let gift = Gift { client, ..new_gift(id, user.id) };
    let mut changes = Changes::default();
    for change in [Change::User(user), Change::Subscription(subscription), Change::Gift(gift)] {
        changes.push(change);
    }
    begin(database, &Needs::default()).await.0.commit(&changes, &[]).await.unwrap();
}

#[tokio::test]
async fn rows_are_live_when_their_client_is_and_say_when_they_are_due() {
    let database = Database::create().await;
    other_client(&database).await;
    database.run("UPDATE clients SET livemode = false WHERE id = 100").await;
    write(&database, ClientId::LOCAL, 1).await;
    write(&database, OTHER, 2).await;
    for (table, days) in [("subscriptions", 31), ("gifts", 30)] {
        let live = format!("SELECT array_agg(livemode ORDER BY id) FROM {table}");
        assert_eq!(database.value::<Vec<bool>>(&live).await, [true, false], "{table}");
        let due = format!("SELECT min(due_at) FROM {table}");
        assert_eq!(database.value::<domain::Instant>(&due).await, day(days), "{table}");
    }
}
