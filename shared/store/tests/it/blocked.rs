//! Which rows others have locked.

use crate::sample::{end, local};
use domain::{ClientId, ExternalId, GiftId, Needs, SubscriptionId, UserId};
use store::{Batch, StoreError, locked};
use support::{Database, rows};

#[tokio::test]
async fn what_others_have_locked_is_named_as_it_was_asked_for() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let bea = rows::user(&database, "bea@a.org").await;
    let of_ann = rows::subscription(&database, ann, "active", "1 month").await;
    let of_bea = rows::subscription(&database, bea, "expired", "-1 month").await;
    database
        .run(
            "INSERT INTO gifts (client_id, livemode, id, gifter_id, recipient_email, status,
                                months, expires_at, due_at, created_at)
             VALUES (2, true, 7, 1, 'bea@a.org', 'pending', 1, now(), now(), now())",
        )
        .await;
    database.run("UPDATE users SET external_id = left(email, 3)").await;
    let external_id = |id: &str| (ClientId::LOCAL, ExternalId::parse(id).unwrap());
    let email = |name: &str| (ClientId::LOCAL, format!("{name}@a.org"));
    let needs = Needs {
        users: local([ann, bea, UserId::new(99)]),
        emails: [email("ann"), email("bea"), email("new")].into(),
        external_ids: [external_id("ann"), external_id("bea"), external_id("new")].into(),
        subscriptions: local([of_ann, of_bea, SubscriptionId::new(99)]),
        gifts: local([GiftId::new(7), GiftId::new(99)]),
        ..Needs::default()
    };
    let of_ann = || Needs {
        users: local([ann]),
        emails: [email("ann")].into(),
        external_ids: [external_id("ann")].into(),
        subscriptions: local([of_ann]),
        ..Needs::default()
    };
    for (lock, expected) in [
        ("SELECT 1", Needs::default()),
        ("SELECT id FROM users WHERE email = 'ann@a.org' FOR UPDATE", of_ann()),
        ("UPDATE subscriptions SET updated_at = now() WHERE status = 'active'", of_ann()),
        (
            "UPDATE gifts SET months = 2",
            Needs { gifts: local([GiftId::new(7)]), ..Needs::default() },
        ),
        (
            "INSERT INTO users (client_id, email, created_at) VALUES (2, 'new@a.org', now())",
            Needs::default(),
        ),
    ] {
        let holder = database.begun(lock).await;
        let found = locked::among(database.store(), &needs).await.unwrap();
        assert_eq!(found, expected, "{lock}");
        assert!(found == Needs::default() || found.meet(&needs));
        holder.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_batch_that_meets_a_lock_gives_its_session_to_the_next() {
    let database = Database::create().await;
    let store = database.store_of(2);
    let ann = rows::user(&database, "ann@a.org").await;
    let needs = Needs { users: local([ann]), ..Needs::default() };
    let holder = database.begun("SELECT id FROM users FOR NO KEY UPDATE").await;
    let session = "SELECT string_agg(concat(pid, state), ',') FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name LIKE 'commerce 0%'";
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let error = Batch::begin(&store, &needs, &[]).await.err().unwrap();
        assert!(matches!(error, StoreError::Locked(_)), "{error:?}");
        sessions.push(database.value::<Option<String>>(session).await);
    }
    assert_eq!(sessions[0], sessions[1]);
    assert_eq!(sessions[1], sessions[2]);
    assert!(sessions[0].as_ref().is_some_and(|one| one.ends_with("idle")), "{sessions:?}");
    holder.rollback().await.unwrap();
    let (batch, ..) = Batch::begin(&store, &needs, &[]).await.unwrap();
    end(batch).await;
}
