//! Pages of users: newest first, of one client only, by external id and by email.

use domain::{ClientId, Email, ExternalId, UserId};
use store::reads::{self, PageOfUsers};
use support::Database;
use support::rows::{self, OTHER};

const ALL: PageOfUsers =
    PageOfUsers { client: ClientId::LOCAL, external_id: None, email: None, before: None, limit: 9 };

/// The ids of a page, and whether there are more.
async fn page(database: &Database, asked: PageOfUsers) -> (Vec<i64>, bool) {
    let page = reads::users(database.store(), &asked).await.unwrap();
    (page.users.iter().map(|user| user.id.get()).collect(), page.has_more)
}

/// Users 1, 3 and 5 of the local client and 2, 4 of another, who have the same names.
async fn five(database: &Database) {
    rows::other_client(database).await;
    for (client, name) in [
        (ClientId::LOCAL, "Ann"),
        (OTHER, "Ann"),
        (ClientId::LOCAL, "Bea"),
        (OTHER, "Bea"),
        (ClientId::LOCAL, "Cid"),
    ] {
        rows::user_of(database, client, &format!("{name}@A.org")).await;
    }
    database.run("UPDATE users SET external_id = left(email, 3) WHERE email !~ 'Cid'").await;
}

#[tokio::test]
async fn users_are_listed_newest_first_in_pages_of_their_client() {
    let database = Database::create().await;
    five(&database).await;
    for (before, limit, expected) in [
        (None, 9, (vec![5, 3, 1], false)),
        (None, 3, (vec![5, 3, 1], false)),
        (None, 2, (vec![5, 3], true)),
        (Some(5), 1, (vec![3], true)),
        (Some(3), 1, (vec![1], false)),
        // A foreign id is only a position.
        (Some(4), 9, (vec![3, 1], false)),
        (Some(1), 9, (vec![], false)),
    ] {
        let asked = PageOfUsers { before: before.map(UserId::new), limit, ..ALL };
        assert_eq!(page(&database, asked).await, expected, "{before:?} {limit}");
    }
    assert_eq!(page(&database, PageOfUsers { client: OTHER, ..ALL }).await, (vec![4, 2], false));
}

#[tokio::test]
async fn a_user_is_found_by_external_id_and_by_email() {
    let database = Database::create().await;
    five(&database).await;
    for (external_id, email, before, expected) in [
        (Some("Bea"), None, None, vec![3]),
        (Some("bea"), None, None, vec![]),
        (None, Some("bea@a.ORG"), None, vec![3]),
        (None, Some("zoe@a.org"), None, vec![]),
        (Some("Bea"), Some("BEA@a.org"), None, vec![3]),
        (Some("Bea"), Some("ann@a.org"), None, vec![]),
        (Some("Bea"), None, Some(3), vec![]),
        (None, Some("bea@a.org"), Some(3), vec![]),
        (None, Some("bea@a.org"), Some(4), vec![3]),
    ] {
        let asked = PageOfUsers {
            external_id: external_id.map(|id| ExternalId::parse(id).unwrap()),
            email: email.map(|email| Email::parse(email).unwrap()),
            before: before.map(UserId::new),
            limit: 1,
            ..ALL
        };
        let found = page(&database, asked.clone()).await;
        assert_eq!(found, (expected, false), "{asked:?}");
    }
    let theirs = PageOfUsers { client: OTHER, external_id: ExternalId::parse("Cid").ok(), ..ALL };
    assert_eq!(page(&database, theirs).await, (vec![], false));
}
