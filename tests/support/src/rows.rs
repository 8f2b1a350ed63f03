//! Inserts the rows that tests begin with, and reads rows.

use crate::Database;
use domain::{ClientId, GiftId, SubscriptionId, UserId};
use store::reads::{self, Page, PageOf};

/// A client beside the built-in ones. [`other_client`] makes it.
pub const OTHER: ClientId = ClientId::new(100);

/// Makes [`OTHER`].
pub async fn other_client(database: &Database) {
    database.run("INSERT INTO clients (id, name) VALUES (100, 'other')").await;
}

/// Makes a user of the local client.
pub async fn user(database: &Database, email: &str) -> UserId {
    user_of(database, ClientId::LOCAL, email).await
}

/// Makes a user of that client.
pub async fn user_of(database: &Database, client: ClientId, email: &str) -> UserId {
    let insert = format!(
        "INSERT INTO users (client_id, email, created_at) VALUES ({client}, '{email}', now())
         RETURNING id"
    );
    UserId::new(database.value(&insert).await)
}

/// Makes users 1 to `count` of the local client: `user1@a.org` and so on.
pub async fn users(database: &Database, count: u32) {
    let insert = format!(
        "INSERT INTO users (client_id, email, created_at)
         SELECT 2, 'user' || n || '@a.org', now() FROM generate_series(1, {count}) AS n"
    );
    database.run(&insert).await;
}

/// Makes a subscription that ends after that interval, such as `1 month` or `-1 hour`.
pub async fn subscription(
    database: &Database,
    user: UserId,
    status: &str,
    ends_in: &str,
) -> SubscriptionId {
    let insert = format!(
        "INSERT INTO subscriptions (client_id, livemode, user_id, plan, status, months, start_date,
                                    end_date, cancelled_at, due_at, created_at, updated_at)
         SELECT client_id, true, id, 'monthly', '{status}', 1, now() - interval '10 years',
                now() + interval '{ends_in}', CASE '{status}' WHEN 'cancelled' THEN now() END,
                CASE '{status}' WHEN 'active' THEN now() + interval '{ends_in}' END,
                now() - interval '10 years', now() - interval '10 years'
         FROM users WHERE id = {user}
         RETURNING id"
    );
    SubscriptionId::new(database.value(&insert).await)
}

/// Makes a pending gift that expires after that interval.
pub async fn gift(
    database: &Database,
    gifter: UserId,
    recipient: &str,
    expires_in: &str,
) -> GiftId {
    let insert = format!(
        "INSERT INTO gifts (client_id, livemode, gifter_id, recipient_email, status, months,
                            expires_at, due_at, created_at)
         SELECT client_id, true, id, '{recipient}', 'pending', 3,
                now() + interval '{expires_in}', now() + interval '{expires_in}', now()
         FROM users WHERE id = {gifter}
         RETURNING id"
    );
    GiftId::new(database.value(&insert).await)
}

/// The newest subscriptions of a user of that client.
pub async fn newest(
    database: &Database,
    client: ClientId,
    user: UserId,
    limit: u32,
) -> Option<Page> {
    page(database, PageOf { client, user, before: None, limit }).await
}

/// One page, read alone.
pub async fn page(database: &Database, page: PageOf) -> Option<Page> {
    reads::subscriptions(database.store(), &[page]).await.unwrap().remove(0).unwrap()
}
