//! Grants of releases that knew no slices.

use super::{ANN, LOCAL, ann, by_subscription, load, write};
use crate::sample::{local, new_subscription};
use domain::{Change, Needs, Slice, Subscription, SubscriptionState};
use store::reads;
use support::Database;

/// Rows of a release that knows no slices.
async fn add_old_grants(database: &Database, months: &[u32]) {
    for (id, months) in (1..).zip(months) {
        let insert = format!(
            "INSERT INTO grants (id, client_id, subscription_id, source, months, job_id, granted_at)
             VALUES ({id}, 2, 5, 'purchase', {months}, gen_random_uuid(), now())"
        );
        database.run(&insert).await;
    }
}

#[tokio::test]
async fn grants_of_releases_before_get_the_slices_of_their_months() {
    let at = |text: &str| -> domain::Instant { text.parse().unwrap() };
    let database = Database::create().await;
    let start = at("2026-05-31T08:00:00.123456Z");
    let running = Subscription {
        months: 4,
        start_date: start,
        anchor: start,
        anchor_months: 4,
        end_date: at("2026-09-30T08:00:00.123456Z"),
        ..new_subscription(5, ANN)
    };
    write(&database, [Change::User(ann()), Change::Subscription(running.clone())]).await.unwrap();
    add_old_grants(&database, &[1, 2, 1]).await;
    let needs = Needs { grants_of: local([running.id]), ..by_subscription(5) };
    let slices = async || -> Vec<Option<Slice>> {
        load(&database, &needs).await.grants_of(running.id).map(|grant| grant.slice).collect()
    };
    let ends = |ends: [&str; 4]| -> Vec<Option<Slice>> {
        let ends = ends.map(|day| at(&format!("{day}T08:00:00.123456Z")));
        ends.windows(2).map(|pair| Some(Slice { start: pair[0], end: pair[1] })).collect()
    };
    assert_eq!(slices().await, ends(["2026-05-31", "2026-06-30", "2026-08-31", "2026-09-30"]));

    // A pause of one day after a month and a half: the rest is counted from and back to the anchor.
    let paused = Subscription {
        anchor: at("2026-10-01T08:00:00.123456Z"),
        anchor_months: 0,
        end_date: at("2026-10-01T08:00:00.123456Z"),
        ..running.clone()
    };
    write(&database, [Change::Subscription(paused)]).await.unwrap();
    assert_eq!(slices().await, ends(["2026-05-31", "2026-07-01", "2026-09-01", "2026-10-01"]));

    // What has a slice keeps it, and the next one goes on from there.
    database
        .run(
            "UPDATE grants SET slice_start = '2026-05-31T08:00:00.123456Z',
                               slice_end = '2026-07-02T08:00:00.123456Z' WHERE id = 1",
        )
        .await;
    assert_eq!(slices().await, ends(["2026-05-31", "2026-07-02", "2026-09-01", "2026-10-01"]));
    let (bases, _) = reads::entitlement(database.store(), LOCAL, ANN).await.unwrap().unwrap();
    let read: Vec<_> = bases[0].grants.iter().map(|(_, slice)| *slice).collect();
    assert_eq!(read, slices().await);
    assert!(bases[0].has_method);

    // One that waits covers nothing.
    let waiting = Subscription {
        state: SubscriptionState::Scheduled,
        anchor_months: 0,
        end_date: start,
        ..running
    };
    write(&database, [Change::Subscription(waiting)]).await.unwrap();
    database.run("UPDATE grants SET slice_start = NULL, slice_end = NULL").await;
    let loaded = load(&database, &by_subscription(5)).await;
    let waiting: Vec<_> = loaded.grants().map(|grant| grant.slice).collect();
    assert_eq!(waiting, [None, None, None], "they are loaded in any case");
}
