//! The time and the ids that a batch is decided with.

use crate::sample::{begin, end, local};
use chrono::TimeDelta;
use domain::{
    Change, ClientId, Command, Context, Instant, JobId, Needs, NewIdCounts, NewIds, WorkingSet,
    decide,
};
use std::collections::BTreeSet;
use store::Batch;
use support::commands::{create_user, give, subscribe};
use support::{Database, rows};
use tokio::task::JoinSet;
use uuid::Uuid;

#[tokio::test]
async fn now_is_the_clock_and_not_the_start_of_the_transaction() {
    let database = Database::create().await;
    let (batch, _, first) = begin(&database, &Needs::default()).await;
    let start = "SELECT xact_start FROM pg_stat_activity
                 WHERE datname = current_database() AND state = 'idle in transaction'";
    let start: Instant = database.value(start).await;
    let (_, _, second) = begin(&database, &Needs::default()).await;
    assert!(start < first.now && first.now < second.now);
    assert_eq!(first.now.timestamp_subsec_nanos() % 1000, 0, "microseconds, as Postgres keeps");
    end(batch).await;
}

#[tokio::test]
async fn who_waited_for_a_lock_decides_later_than_who_held_it() {
    let database = Database::create().await;
    let ann = rows::user(&database, "ann@a.org").await;
    let needs = Needs { users: local([ann]), ..Needs::default() };

    let (first, ..) = begin(&database, &needs).await;
    let store = database.store().clone();
    let waiting =
        tokio::spawn(async move { Batch::begin(&store, &needs, &[]).await.unwrap().2.now });
    // The second transaction has begun long ago.
    database.until_blocked(1).await;
    let held: Instant = database.value("SELECT clock_timestamp()").await;
    end(first).await;

    assert!(held < waiting.await.unwrap());
}

#[tokio::test]
async fn as_many_ids_are_drawn_as_are_needed() {
    let database = Database::create().await;
    let new_ids = NewIdCounts { users: 2, gifts: 300, grants: 3, ..NewIdCounts::default() };
    let needs = Needs { new_ids, ..Needs::default() };
    let (batch, ..) = begin(&database, &needs).await;
    end(batch).await;
    for (sequence, drawn) in [
        ("users", Some(2)),
        ("subscriptions", None),
        ("gifts", Some(300)),
        ("grants", Some(3)),
        ("payments", None),
    ] {
        let last = format!("SELECT pg_sequence_last_value('{sequence}_id_seq')");
        assert_eq!(database.value::<Option<i64>>(&last).await, drawn, "{sequence}");
    }
}

/// The ids of what so many commands of each kind would make, in the order of the commands. None of
/// them sees what those before it did.
fn ids_of_all(working_set: &WorkingSet, now: Instant, mut new_ids: NewIds) -> [Vec<i64>; 3] {
    let job = JobId::new(Uuid::from_u128(1));
    let (client, gift_ttl) = (ClientId::LOCAL, TimeDelta::days(1));
    let context = Context { now, client, job, gift_ttl, provider: None };
    let mut made = |count: u32, command: &Command| {
        let id = |_| match &decide(working_set, &context, command, &mut new_ids).changes[0] {
            Change::User(user) => user.id.get(),
            Change::Subscription(subscription) => subscription.id.get(),
            Change::Gift(gift) => gift.id.get(),
            other => panic!("{other:?} comes after what is new"),
        };
        (0..count).map(id).collect()
    };
    [
        made(COUNTS.users, &create_user("new@a.org")),
        made(COUNTS.subscriptions, &subscribe(1)),
        made(COUNTS.gifts, &give(1, "bea@a.org")),
    ]
}

/// Each subscription comes with a grant, and with a payment, as each gift does.
const COUNTS: NewIdCounts = NewIdCounts {
    users: 20,
    subscriptions: 30,
    gifts: 40,
    grants: 30,
    grants_of: BTreeSet::new(),
    payments: 70,
    methods: 1,
    refunds: 1,
};

#[tokio::test]
async fn no_id_is_drawn_twice_by_concurrent_transactions() {
    let database = Database::create().await;
    rows::users(&database, 1).await;
    let mut drawing = JoinSet::new();
    for _ in 0..16 {
        let store = database.store().clone();
        drawing.spawn(async move {
            let user = domain::UserId::new(1);
            let plans = local([domain::PlanCode::parse("monthly").unwrap()]);
            let needs = Needs { users: local([user]), plans, new_ids: COUNTS, ..Needs::default() };
            let (batch, working_set, context) = Batch::begin(&store, &needs, &[]).await.unwrap();
            let ids = ids_of_all(&working_set, context.now, context.new_ids);
            // Ids that are not used are gone: half of the transactions come to nothing.
            if ids[0].first().is_some_and(|id| id % 2 == 0) {
                end(batch).await;
            }
            ids
        });
    }
    let drawn = drawing.join_all().await;
    assert!(drawn.iter().flatten().all(|ids| ids.is_sorted()));
    for (kind, count) in [COUNTS.users, COUNTS.subscriptions, COUNTS.gifts].into_iter().enumerate()
    {
        let distinct: BTreeSet<i64> = drawn.iter().flat_map(|ids| ids[kind].clone()).collect();
        assert_eq!(distinct.len(), 16 * count as usize);
    }
}
