//! The main path of the store: everything that its users do with it, once.

use crate::decided_batch::{apply, expire};
use crate::sample::{accepted, begin};
use crate::{effects, money};
use domain::EntitlementSource::Purchase;
use domain::{
    ClientId, Command, Entitlement, ExternalId, GiftId, GiftState, IdempotencyKey, Instant, Needs,
    PlanCode, RetirePlan, TestClock, UserId, internal_job_id,
};
use store::api_keys::{self, NewApiKey};
use store::plans::{self, Wanted};
use store::reads::{self, PageOfUsers};
use store::{accepted, clients, command_log, due, locked};
use support::commands::{
    cancel, create_known_user, create_user, give, move_user, redeem, renew, subscribe,
    subscribe_known, subscribe_to,
};
use support::{Database, rows};

const LOCAL: ClientId = ClientId::LOCAL;

/// Takes the whole path, in a database with nothing in it.
pub(crate) async fn run(database: &Database) {
    commands(database).await;
    accepted_job(database).await;
    look_ups(database).await;
    api_key(database).await;
    catalogue(database).await;
    expiry(database).await;
    test_client(database).await;
    effects::main_path(database).await;
    money::main_path(database).await;
}

/// The commands, with their idempotency keys and the statuses of their answers.
fn every_command() -> [(&'static str, Command, u16); 16] {
    [
        ("ann", create_user("ann@a.org"), 201),
        ("bea", create_user("Bea@a.org"), 201),
        ("subscribe", subscribe(1), 201),
        ("renew", renew(1, 2), 200),
        ("give", give(1, "bea@a.org"), 201),
        ("redeem", redeem(1, 2), 200),
        ("cancel", cancel(1), 200),
        ("subscribe-again", subscribe(1), 201),
        ("give-back", give(2, "ANN@a.org"), 201),
        ("redeem-more", redeem(2, 1), 200),
        ("give-nobody", give(1, "cid@a.org"), 201),
        ("email-taken", create_user("Ann@A.org"), 409),
        ("dan", create_known_user("dan@a.org", "dan"), 201),
        ("dan-taken", create_known_user("new@a.org", "dan"), 409),
        ("move-dan", move_user(4, "danny@a.org"), 200),
        ("subscribe-nobody", subscribe_known("nobody"), 404),
    ]
}

/// Commits each command in a batch of its own, and then all of them again in one.
async fn commands(database: &Database) {
    let (mut batch, mut decided) = (Vec::new(), Vec::new());
    for (key, command, status) in every_command() {
        let entries = apply(database, &[(key, command.clone())]).await.unwrap();
        assert_eq!(
            entries[0].answer().unwrap().status,
            status,
            "{key}: {}",
            entries[0].answer().unwrap().body
        );
        let stored = command_log::find_job(database.store(), LOCAL, entries[0].job).await;
        assert_eq!(stored.unwrap().as_ref(), Some(&entries[0]), "{key}");
        batch.push((key, command));
        decided.extend(entries);
    }
    assert_eq!(apply(database, &batch).await.unwrap(), decided);

    let subscriptions = "1 1 monthly cancelled 3, 2 2 monthly active 3, 3 1 monthly active 4";
    assert_eq!(database.value::<String>(SUBSCRIPTIONS).await, subscriptions);
    let gifts = "1 1 bea@a.org 2 redeemed 3, 2 2 ANN@a.org 1 redeemed 3, 3 1 cid@a.org pending 3";
    assert_eq!(database.value::<String>(GIFTS).await, gifts);
    let grants = "1 purchase 1, 1 renewal 2, 2 gift 3 1, 3 purchase 1, 3 gift 3 2";
    assert_eq!(database.value::<String>(GRANTS).await, grants);
}

/// A job that waits, and one that is decided.
async fn accepted_job(database: &Database) {
    let store = database.store();
    let jobs = [accepted(LOCAL, "waits"), accepted(LOCAL, "subscribe")];
    accepted::note(store, &jobs).await.unwrap();
    assert_eq!(accepted::find(store, LOCAL, jobs[0].job).await.unwrap().as_ref(), Some(&jobs[0]));
    assert_eq!(accepted::find(store, LOCAL, jobs[1].job).await.unwrap(), None);
    accepted::end(store, LOCAL, jobs[0].job).await.unwrap();
    accepted::revive(store, LOCAL, jobs[0].job).await.unwrap();
    let aged = accepted::aged(store, 0.0, None, 10).await.unwrap();
    assert_eq!(aged.iter().map(|aged| &aged.job).collect::<Vec<_>>(), [&jobs[0]]);
    accepted::forget(store, &[(LOCAL, jobs[1].job)]).await.unwrap();
}

const SUBSCRIPTIONS: &str = "
    SELECT string_agg(concat_ws(' ', s.id, s.user_id, s.plan, s.status, s.months), ', '
                      ORDER BY s.id)
    FROM subscriptions AS s";

const GIFTS: &str = "
    SELECT string_agg(concat_ws(' ', g.id, g.gifter_id, g.recipient_email, g.recipient_id,
                                g.status, g.months), ', ' ORDER BY g.id)
    FROM gifts AS g";

const GRANTS: &str = "
    SELECT string_agg(concat_ws(' ', g.subscription_id, g.source, g.months, g.gift_id), ', '
                      ORDER BY g.id)
    FROM grants AS g";

async fn look_ups(database: &Database) {
    let (store, ann) = (database.store(), UserId::new(1));
    store.takes_writes().await.unwrap();
    let user = reads::user(store, LOCAL, ann).await.unwrap().unwrap();
    assert_eq!((user.id, user.client, user.email.as_str()), (ann, LOCAL, "ann@a.org"));

    let external_id = ExternalId::parse("dan").ok();
    let dan = PageOfUsers { client: LOCAL, external_id, email: None, before: None, limit: 1 };
    let [dan] = &reads::users(store, &dan).await.unwrap().users[..] else { panic!("no Dan") };
    assert_eq!((dan.id.get(), dan.email.as_str()), (4, "danny@a.org"));

    let (gift, now) = reads::gift(store, LOCAL, GiftId::new(2)).await.unwrap().unwrap();
    assert!(
        matches!(gift.state, GiftState::Redeemed { recipient, at } if recipient == ann && at < now)
    );
    assert_eq!((gift.client, gift.recipient_email.as_str(), gift.months), (LOCAL, "ANN@a.org", 3));

    let newest = rows::newest(database, LOCAL, ann, 1).await.unwrap();
    let [newest_subscription] = newest.subscriptions.as_slice() else { panic!("{newest:?}") };
    assert_eq!((newest_subscription.id.get(), newest_subscription.months), (3, 4));
    let before = Some(newest_subscription.id);
    let older = reads::PageOf { client: LOCAL, user: ann, before, limit: 1 };
    let older = rows::page(database, older).await.unwrap();
    let [oldest] = older.subscriptions.as_slice() else { panic!("{older:?}") };
    assert_eq!((oldest.id.get(), oldest.plan.as_str()), (1, "monthly"));
    assert_eq!(oldest.state.status().as_str(), "cancelled");
    assert_eq!((newest.has_more, older.has_more), (true, false));
}

async fn api_key(database: &Database) {
    let (store, id) = (database.store(), "AbCd1234");
    let (client, secret_hash) = (Some("shop"), &[7; 32]);
    let key = NewApiKey { id, client, secret_hash, scope: "write", expires_at: None };
    api_keys::create(store, key).await.unwrap();
    let found = api_keys::find_valid(store, id).await.unwrap().unwrap();
    assert_eq!((found.client.get(), found.scope.as_str()), (100, "write"));
    let listed = api_keys::list(store).await.unwrap();
    assert_eq!(listed.iter().map(|key| key.client.as_str()).collect::<Vec<_>>(), ["shop"]);
    assert!(api_keys::revoke(store, id).await.unwrap());
    assert!(api_keys::find_valid(store, id).await.unwrap().is_none());
}

/// A plan is made, put again, sold and retired; what a user is entitled to.
async fn catalogue(database: &Database) {
    let (store, code) = (database.store(), PlanCode::of_new_plan("bronze").unwrap());
    let put = async |amount: u64| {
        let spec = format!(
            r#"{{"name": "Bronze", "tier": "bronze", "interval": "year", "features": ["a"],
                 "price": {{"amount": {amount}, "currency": "USD"}}}}"#
        );
        let wanted = Wanted { code: code.clone(), spec: serde_json::from_str(&spec).unwrap() };
        plans::put(store, LOCAL, &[wanted], "open").await.unwrap().remove(0)
    };
    assert!(put(100).await.before.is_none());
    let second = put(0).await;
    assert_eq!((second.before.unwrap().version, second.plan.version), (1, 2));
    let same = put(0).await;
    assert_eq!(same.before.as_ref(), Some(&same.plan));
    assert_eq!(plans::find(store, LOCAL, &code).await.unwrap().as_ref(), Some(&same.plan));
    let audited =
        "SELECT string_agg(concat_ws(' ', a.actor, a.action, a.subject, a.detail->>'version'),
                                     ', ' ORDER BY a.id) FROM audit AS a WHERE a.client_id = 2";
    let expected = "open put_plan bronze 1, open put_plan bronze 2";
    assert_eq!(database.value::<String>(audited).await, expected);

    let sold = [("cyd", create_user("cyd@a.org")), ("bronze", subscribe_to("bronze", 4))];
    let mut user = None;
    for (key, command) in sold {
        let command = match (command, user) {
            (Command::Subscribe(bought), user_id @ Some(_)) => {
                Command::Subscribe(domain::Subscribe { user_id, ..bought })
            }
            (command, _) => command,
        };
        let entry = apply(database, &[(key, command)]).await.unwrap().remove(0);
        assert_eq!(entry.answer().unwrap().status, 201, "{}", entry.answer().unwrap().body);
        user = entry.user;
    }
    let cyd = user.unwrap();
    let (bases, now) = reads::entitlement(store, LOCAL, cyd).await.unwrap().unwrap();
    let [only] = bases.as_slice() else { panic!("{bases:?}") };
    assert_eq!((only.subscription.plan_version, only.subscription.months), (2, 12));
    let entitlement = Entitlement::at(bases, now);
    assert_eq!(entitlement.tier.as_deref(), Some("bronze"));
    let current = entitlement.current.unwrap();
    assert_eq!((current.features, current.source), (vec!["a".to_owned()], Some(Purchase)));

    let retire = Command::RetirePlan(RetirePlan { code: code.clone() });
    let retired = apply(database, &[("retire", retire)]).await.unwrap().remove(0);
    assert_eq!(retired.answer().unwrap().status, 200, "{}", retired.answer().unwrap().body);
    assert!(plans::find(store, LOCAL, &code).await.unwrap().unwrap().retired_at.is_some());
    let page = |retired| plans::PageOf { client: LOCAL, retired, after: None, limit: 2 };
    let codes = async |asked| {
        let page = plans::list(store, &asked).await.unwrap();
        let codes: Vec<String> = page.plans.into_iter().map(|plan| plan.code.into()).collect();
        (codes.join(" "), page.has_more)
    };
    assert_eq!(codes(page(false)).await, ("yearly monthly".to_owned(), false));
    assert_eq!(codes(page(true)).await, ("bronze yearly".to_owned(), true));
    let next = plans::PageOf { after: Some(PlanCode::parse("yearly").unwrap()), ..page(true) };
    assert_eq!(codes(next).await, ("monthly".to_owned(), false));
    let clean_up = format!(
        "DELETE FROM grants WHERE subscription_id IN
             (SELECT id FROM subscriptions WHERE user_id = {cyd});
         DELETE FROM subscriptions WHERE user_id = {cyd}"
    );
    database.run(&clean_up).await;
}

/// Both active subscriptions and the pending gift run out. A command marks one of them, and
/// the others are found because they are due.
async fn expiry(database: &Database) {
    let pass = "UPDATE subscriptions SET start_date = start_date - interval '1 year',
                                         end_date = end_date - interval '1 year',
                                         due_at = due_at - interval '1 year'
                WHERE status = 'active';
                UPDATE gifts SET expires_at = now() - interval '1 hour',
                                 due_at = now() - interval '1 hour' WHERE status = 'pending'";
    database.run(pass).await;
    let successor = apply(database, &[("successor", subscribe(2))]).await.unwrap().remove(0);
    assert_eq!(successor.answer().unwrap().status, 201);

    let marked = expire(database).await.unwrap();
    assert_eq!(marked.iter().map(|cursor| cursor.id).collect::<Vec<_>>(), [3, 3]);
    assert!(expire(database).await.unwrap().is_empty());
    let expired = internal_job_id(LOCAL, &IdempotencyKey::parse(b"expire:gift:3").unwrap());
    let entry = command_log::find_job(database.store(), LOCAL, expired).await.unwrap().unwrap();
    assert_eq!(entry.entity, Some(3));
    let subscriptions = format!(
        "1 1 monthly cancelled 3, 2 2 monthly expired 3, 3 1 monthly expired 4, \
         {} 2 monthly active 1",
        successor.entity.unwrap()
    );
    assert_eq!(database.value::<String>(SUBSCRIPTIONS).await, subscriptions);
}

/// A test client is made, and its clock is read by itself and by a batch.
async fn test_client(database: &Database) {
    let (store, now) = (database.store(), "2026-01-31T00:00:00Z".parse::<Instant>().unwrap());
    let made = clients::create_test(store, "demo", None, Some(now)).await.unwrap();
    assert_eq!(made, Some(now));
    let listed = clients::list(store).await.unwrap();
    let [clock] = listed.iter().filter_map(|client| client.clock).collect::<Vec<_>>()[..] else {
        panic!("{listed:?}");
    };
    let client = clock.client;
    assert_eq!(clock, TestClock { client, now, advance: None });
    assert_eq!(reads::test_clock(store, client).await.unwrap(), Some(clock));
    let needs = Needs { clocks: [LOCAL, client].into(), ..Needs::default() };
    assert_eq!(locked::among(store, &needs).await.unwrap(), Needs::default());
    let (_batch, working_set, _) = begin(database, &needs).await;
    assert_eq!(working_set.test_clock(client), Some(&clock));
    assert_eq!(due::next_instant(store, client, now).await.unwrap(), None);
    assert!(due::subscriptions_at(store, (client, now), None, 1).await.unwrap().is_empty());
    assert!(due::gifts_at(store, (client, now), None, 1).await.unwrap().is_empty());
}
