//! Users that change.

use crate::decided_batch::apply;
use crate::sample::{begin, local, new_user};
use domain::{Change, Changes, ClientId, ExternalId, Metadata, Needs, User};
use store::{StoreError, reads};
use support::Database;
use support::commands::{create_user, move_user};

const LOCAL: ClientId = ClientId::LOCAL;

fn metadata(value: &str) -> Metadata {
    Metadata::new([("it's \"so\"".to_owned(), value.to_owned())].into()).unwrap()
}

async fn write(database: &Database, change: Change) {
    let mut changes = Changes::default();
    changes.push(change);
    begin(database, &Needs::default()).await.0.commit(&changes, &[]).await.unwrap();
}

#[tokio::test]
async fn what_the_client_says_is_kept_and_changes_as_it_is_told() {
    let database = Database::create().await;
    let external_id = ExternalId::parse(r#"it's-"so"\"#).ok();
    let made = User { external_id, metadata: metadata("a\nb\\"), ..new_user(7, "ann@a.org") };
    write(&database, Change::User(made.clone())).await;
    assert_eq!(reads::user(database.store(), LOCAL, made.id).await.unwrap().as_ref(), Some(&made));

    let email = new_user(7, "Ann@New.org").email;
    let changed = User { email, metadata: metadata("ü"), ..made };
    write(&database, Change::ChangedUser(changed.clone())).await;
    let read = reads::user(database.store(), LOCAL, changed.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&changed));
    let (_, loaded, _) =
        begin(&database, &Needs { users: local([changed.id]), ..Needs::default() }).await;
    assert_eq!(loaded.user(LOCAL, changed.id), Some(&changed));
}

/// Releases before write neither column, and read users that have both.
#[tokio::test]
async fn a_user_of_a_release_before_has_neither_id_nor_metadata() {
    let database = Database::create().await;
    let user = support::rows::user(&database, "ann@a.org").await;
    let read = reads::user(database.store(), LOCAL, user).await.unwrap().unwrap();
    assert_eq!((read.external_id, read.metadata), (None, Metadata::default()));
}

async fn statuses(
    database: &Database,
    batch: &[(&str, domain::Command)],
) -> Result<Vec<u16>, StoreError> {
    let decided = apply(database, batch).await?;
    Ok(decided.iter().map(|entry| entry.answer().unwrap().status).collect())
}

#[tokio::test]
async fn an_email_passes_from_one_user_to_the_next() {
    let database = Database::create().await;
    let people = [("a", create_user("ann@a.org")), ("b", create_user("bea@a.org"))];
    assert_eq!(statuses(&database, &people).await.unwrap(), [201, 201]);
    let moves = [
        ("taken", move_user(1, "BEA@a.org")),
        ("own", move_user(1, "Ann@A.org")),
        ("free", move_user(1, "zoe@a.org")),
        ("next", move_user(2, "ann@a.org")),
    ];
    for (key, command, status) in moves.map(|(key, command)| {
        let status = if key == "taken" { 409 } else { 200 };
        (key, command, status)
    }) {
        assert_eq!(statuses(&database, &[(key, command)]).await.unwrap(), [status], "{key}");
    }
    let emails = "SELECT string_agg(email, ' ' ORDER BY id) FROM users";
    assert_eq!(database.value::<String>(emails).await, "zoe@a.org ann@a.org");
}

/// In one statement a unique index is checked row by row. The worker then tries the commands one by
/// one, which `an_email_passes_from_one_user_to_the_next` shows to work.
#[tokio::test]
async fn two_users_who_exchange_emails_in_one_batch_are_a_conflict_and_nothing_is_done() {
    let database = Database::create().await;
    let people = [("a", create_user("ann@a.org")), ("b", create_user("bea@a.org"))];
    statuses(&database, &people).await.unwrap();
    let exchange = [
        ("away", move_user(1, "zoe@a.org")),
        ("over", move_user(2, "ann@a.org")),
        ("back", move_user(1, "bea@a.org")),
    ];
    let error = statuses(&database, &exchange).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error:?}");
    let emails = "SELECT string_agg(email, ' ' ORDER BY id) FROM users";
    assert_eq!(database.value::<String>(emails).await, "ann@a.org bea@a.org");
}

#[tokio::test]
async fn a_user_can_be_changed_in_the_batch_that_makes_it() {
    let database = Database::create().await;
    let batch = [("make", create_user("ann@a.org")), ("move", move_user(1, "zoe@a.org"))];
    assert_eq!(statuses(&database, &batch).await.unwrap(), [201, 200]);
    let emails = "SELECT string_agg(email, ' ' ORDER BY id) FROM users";
    assert_eq!(database.value::<String>(emails).await, "zoe@a.org");
}
