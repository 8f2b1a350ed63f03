//! The clocks of test clients: who reads them, who waits for them, and what is told by them.

use crate::sample::{begin, day, end};
use domain::{
    ClientId, Entitlement, GiftStatus, Instant, Needs, PlanCode, SubscriptionStatus, TestClock,
    UserId,
};
use store::api_keys::{self, NewApiKey};
use store::plans::{self, Wanted};
use store::{Batch, StoreError, clients, locked, reads};
use support::{Database, commands, rows};

const LOCAL: ClientId = ClientId::LOCAL;

/// Where the clock stands: years after all that tests make at the real time.
fn stands() -> Instant {
    day(0)
}

/// Makes a test client, whose clock stands at that instant.
pub(crate) async fn test_client(database: &Database, at: Instant) -> ClientId {
    let made = clients::create_test(database.store(), "demo", None, Some(at)).await.unwrap();
    assert_eq!(made, Some(at));
    ClientId::new(database.value("SELECT id FROM clients WHERE name = 'demo'").await)
}

/// What a command of that client needs of the clocks, and a user.
fn needs(client: ClientId, user: UserId) -> Needs {
    let mut needs = Needs::default();
    commands::subscribe(user.get()).needs(client, &mut needs);
    needs
}

async fn real(database: &Database) -> Instant {
    database.value("SELECT clock_timestamp()").await
}

#[tokio::test]
async fn a_batch_has_the_clocks_of_its_test_clients_and_the_time_of_postgres() {
    let database = Database::create().await;
    let client = test_client(&database, stands()).await;
    let other: i64 =
        database.value("INSERT INTO clients (name) VALUES ('other') RETURNING id").await;
    let other = ClientId::new(other);
    let before = real(&database).await;
    let needs = Needs { clocks: [LOCAL, client, other].into(), ..Needs::default() };
    let (batch, working_set, context) = begin(&database, &needs).await;
    assert_eq!(
        working_set.test_clock(client),
        Some(&TestClock { client, now: stands(), advance: None })
    );
    assert_eq!((working_set.test_clock(LOCAL), working_set.test_clock(other)), (None, None));
    assert!(before < context.now && context.now < real(&database).await);
    end(batch).await;

    let (batch, working_set, _) = begin(&database, &Needs::default()).await;
    assert_eq!(working_set.test_clock(client), None, "nobody asked for it");
    end(batch).await;
}

#[tokio::test]
async fn an_advance_is_read_with_its_job() {
    let database = Database::create().await;
    let client = test_client(&database, stands()).await;
    let job = "00000000-0000-8000-8000-000000000001";
    let on_the_way = "UPDATE test_clocks SET target = now + interval '1 day', job_id = ";
    database.run(&format!("{on_the_way}'{job}'")).await;
    let clock = reads::test_clock(database.store(), client).await.unwrap().unwrap();
    let advance = clock.advance.unwrap();
    assert_eq!((clock.now, advance.target), (stands(), day(1)));
    assert_eq!(advance.job.to_string(), job);
    assert_eq!(reads::test_clock(database.store(), LOCAL).await.unwrap(), None);
}

#[tokio::test]
async fn commands_of_a_test_client_go_side_by_side_and_whoever_moves_its_clock_waits() {
    let database = Database::create().await;
    let client = test_client(&database, stands()).await;
    let ann = rows::user_of(&database, client, "ann@a.org").await;
    let bea = rows::user_of(&database, client, "bea@a.org").await;
    let (first, ..) = begin(&database, &needs(client, ann)).await;
    let (second, ..) = begin(&database, &needs(client, bea)).await;

    let pool = database.pool().clone();
    let moving = tokio::spawn(async move {
        let moved = "UPDATE test_clocks SET now = now + interval '1 day'";
        sqlx::query(moved).execute(&pool).await.unwrap();
    });
    database.until_blocked(1).await;
    // One that is over does not let it through.
    end(first).await;
    assert_eq!(
        reads::test_clock(database.store(), client).await.unwrap().map(|clock| clock.now),
        Some(stands())
    );
    end(second).await;
    moving.await.unwrap();
    let (batch, working_set, _) = begin(&database, &needs(client, ann)).await;
    assert_eq!(working_set.test_clock(client).map(|clock| clock.now), Some(day(1)));
    end(batch).await;
}

#[tokio::test]
async fn a_batch_that_waits_for_a_clock_has_locked_nothing_and_sees_where_it_was_moved_to() {
    let database = Database::create().await;
    let client = test_client(&database, stands()).await;
    let ann = rows::user_of(&database, client, "ann@a.org").await;
    let moving = database.begun("UPDATE test_clocks SET now = now + interval '1 day'").await;
    let (store, needs) = (database.store().clone(), needs(client, ann));
    let waiting = tokio::spawn(async move { Batch::begin(&store, &needs, &[]).await });
    database.until_blocked(1).await;
    let user = database.begun("SELECT id FROM users FOR UPDATE NOWAIT").await;
    user.rollback().await.unwrap();
    moving.commit().await.unwrap();
    let (batch, working_set, _) = waiting.await.unwrap().unwrap();
    assert_eq!(working_set.test_clock(client).map(|clock| clock.now), Some(day(1)));
    end(batch).await;
}

#[tokio::test]
async fn a_clock_that_is_being_moved_is_told_to_those_who_wait() {
    let database = Database::create().await;
    let client = test_client(&database, stands()).await;
    let ann = rows::user_of(&database, client, "ann@a.org").await;
    let cid = rows::user(&database, "cid@a.org").await;
    let moving = database.begun("SELECT now FROM test_clocks FOR NO KEY UPDATE").await;
    let store = database.store();
    let error = Batch::begin(store, &needs(client, ann), &[]).await.err().unwrap();
    assert!(matches!(error, StoreError::Locked(_)), "{error:?}");
    let mut both = needs(client, ann);
    commands::subscribe(cid.get()).needs(LOCAL, &mut both);
    let found = locked::among(store, &both).await.unwrap();
    assert_eq!(found, Needs { clocks: [client].into(), ..Needs::default() });
    assert!(needs(client, ann).meet(&found) && !needs(LOCAL, cid).meet(&found));

    // Live clients do not notice.
    let (batch, ..) = begin(&database, &needs(LOCAL, cid)).await;
    end(batch).await;
    moving.rollback().await.unwrap();
    assert_eq!(locked::among(store, &both).await.unwrap(), Needs::default());
}

/// The rows of both clients are the same, and end between the real time and that of the clock.
#[tokio::test]
async fn what_a_client_reads_is_told_by_its_clock() {
    let database = Database::create().await;
    let client = test_client(&database, stands()).await;
    let store = database.store();
    for (owner, is_over) in [(LOCAL, false), (client, true)] {
        let ann = rows::user_of(&database, owner, "ann@a.org").await;
        let id = rows::subscription(&database, ann, "active", "1 month").await;
        let gift = rows::gift(&database, ann, "bea@a.org", "1 month").await;
        let status = if is_over { SubscriptionStatus::Expired } else { SubscriptionStatus::Active };
        let (subscription, _, now) = reads::subscription(store, owner, id).await.unwrap().unwrap();
        assert_eq!((now == stands(), subscription.effective_status(now)), (is_over, status));
        let page = rows::newest(&database, owner, ann, 1).await.unwrap();
        assert_eq!((page.now == stands(), page.subscriptions.len()), (is_over, 1));
        let (basis, now) = reads::entitlement(store, owner, ann).await.unwrap().unwrap();
        assert_eq!(now == stands(), is_over);
        assert_eq!(Entitlement::at(basis, now).status, Some(status));
        let (gift, now) = reads::gift(store, owner, gift).await.unwrap().unwrap();
        let status = if is_over { GiftStatus::Expired } else { GiftStatus::Pending };
        assert_eq!((now == stands(), gift.effective_status(now)), (is_over, status));
    }
}

#[tokio::test]
async fn plans_of_a_test_client_are_made_at_its_time_and_audited_at_the_real_one() {
    let database = Database::create().await;
    let client = test_client(&database, stands()).await;
    let spec = r#"{"name": "Gold", "tier": "gold", "interval": "month",
                   "price": {"amount": 0, "currency": "USD"}}"#;
    let spec = serde_json::from_str(spec).unwrap();
    let wanted = [Wanted { code: PlanCode::of_new_plan("gold").unwrap(), spec }];
    let put = plans::put(database.store(), client, &wanted, "open").await.unwrap().remove(0);
    assert_eq!(put.plan.created_at, stands());
    for table in ["plans", "plan_versions"] {
        let made = format!(
            "SELECT array_agg(DISTINCT created_at) FROM {table} WHERE client_id = {client}"
        );
        assert_eq!(database.value::<Vec<Instant>>(&made).await, [stands()], "{table}");
    }
    assert!(database.value::<Instant>("SELECT at FROM audit").await < real(&database).await);

    plans::put(database.store(), LOCAL, &wanted, "open").await.unwrap();
    let of_live = "SELECT max(created_at) FROM plans WHERE client_id = 2";
    assert!(database.value::<Instant>(of_live).await < real(&database).await);
}

#[tokio::test]
async fn a_test_client_is_made_once_and_stands_at_the_present_unless_told_otherwise() {
    let database = Database::create().await;
    let store = database.store();
    let before = real(&database).await;
    let clock = clients::create_test(store, "demo", None, None).await.unwrap().unwrap();
    assert!(before < clock && clock < real(&database).await);
    assert_eq!(clients::create_test(store, "demo", None, Some(day(0))).await.unwrap(), None);
    assert_eq!(clients::create_test(store, "local", None, Some(day(0))).await.unwrap(), None);
    assert_eq!(database.value::<i64>("SELECT count(*) FROM test_clocks").await, 1);

    for (id, client, livemode) in [("AbCd1234", "demo", false), ("AbCd1235", "shop", true)] {
        let client = Some(client);
        let key = NewApiKey { id, client, secret_hash: &[7; 32], scope: "read", expires_at: None };
        api_keys::create(store, key).await.unwrap().unwrap();
        let found = api_keys::find_valid(store, id).await.unwrap().unwrap();
        assert_eq!(found.livemode, livemode);
    }
}
