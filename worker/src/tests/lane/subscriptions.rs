//! What becomes due of subscriptions beside their end.

use super::sample::{count, lane};
use std::time::Duration;
use support::{Database, rows};

/// A user with a subscription whose columns are those.
async fn stored(database: &Database, columns: &str, values: &str) {
    rows::user(database, "ann@a.org").await;
    let insert = format!(
        "INSERT INTO subscriptions (client_id, livemode, user_id, plan, months, created_at,
                                    updated_at, start_date, end_date, {columns})
         SELECT client_id, true, id, 'monthly', 1, now(), now(), '2026-01-31T08:00:00Z',
                '2026-02-28T08:00:00Z', {values} FROM users"
    );
    database.run(&insert).await;
}

#[tokio::test]
async fn one_that_is_renewed_by_itself_goes_on_from_its_anchor_and_is_granted_its_months() {
    let database = Database::create().await;
    // Its end was three days ago.
    let end = "date_trunc('day', now()) - interval '3 days'";
    stored(&database, "status, auto_renew, due_at", &format!("'active', true, {end}")).await;
    let ended = format!(
        "UPDATE subscriptions SET start_date = {end} - interval '40 days', \
                         anchor = {end}, anchor_months = 0, end_date = {end}"
    );
    database.run(&ended).await;
    lane(&database).pass_all().await;
    lane(&database).pass_all().await;

    let renewed = format!(
        "subscriptions WHERE status = 'active' AND months = 2 AND anchor_months = 1
                           AND end_date = ({end}) + interval '1 month' AND due_at = end_date"
    );
    assert_eq!(count(&database, &renewed).await, 1);
    assert_eq!(count(&database, "grants WHERE source = 'renewal' AND months = 1").await, 1);
    let log = "transactions WHERE operation = 'renew_subscription' AND origin = 'internal'";
    assert_eq!(count(&database, log).await, 1);
}

/// What is earned at its end comes first. Nobody waits for the next tick in between.
#[tokio::test]
async fn one_that_is_due_again_is_passed_over_again_at_once() {
    let database = Database::create().await;
    let end = "date_trunc('hour', now()) - interval '1 hour'";
    let values = format!("'active', true, {end}, {end}");
    stored(&database, "status, auto_renew, recognise_at, due_at", &values).await;
    let ended = format!(
        "UPDATE subscriptions SET start_date = {end} - interval '40 days', \
                         anchor = {end}, anchor_months = 0, end_date = {end}"
    );
    database.run(&ended).await;
    let mut lane = lane(&database);
    assert!(lane.pass_all().await.is_some_and(|pause| pause < Duration::from_secs(1)));
    assert_eq!(count(&database, "subscriptions WHERE months = 1 AND due_at <= now()").await, 1);
    assert_eq!(lane.pass_all().await, None);
    assert_eq!(count(&database, "subscriptions WHERE months = 2 AND due_at > now()").await, 1);
}

#[tokio::test]
async fn one_whose_grace_is_over_is_not_renewed_after_a_downtime() {
    let database = Database::create().await;
    stored(&database, "status, auto_renew, due_at", "'active', true, '2026-02-28T08:00:00Z'").await;
    lane(&database).pass_all().await;
    let expired = "subscriptions WHERE status = 'expired' AND due_at IS NULL AND months = 1";
    assert_eq!(count(&database, expired).await, 1);
    assert_eq!(count(&database, "grants").await, 0);
}

#[tokio::test]
async fn one_that_was_to_end_is_cancelled_and_one_that_stands_still_goes_on() {
    let database = Database::create().await;
    let flagged = "'active', true, '2026-02-01T08:00:00Z', '2026-02-28T08:00:00Z'";
    stored(&database, "status, cancel_at_period_end, cancelled_at, due_at", flagged).await;
    lane(&database).pass_all().await;
    let cancelled = "subscriptions WHERE status = 'cancelled' AND cancel_at_period_end
                     AND cancelled_at = '2026-02-01T08:00:00Z' AND due_at IS NULL";
    assert_eq!(count(&database, cancelled).await, 1);

    let database = Database::create().await;
    // 27 days were left; it goes on at an instant that has passed.
    let paused = "'paused', '2026-02-01T08:00:00Z', now() - interval '1 day', \
                  now() - interval '1 day'";
    stored(&database, "status, paused_at, resume_at, due_at", paused).await;
    lane(&database).pass_all().await;
    let resumed = "subscriptions WHERE status = 'active' AND paused_at IS NULL
                   AND anchor = end_date AND anchor_months = 0 AND due_at = end_date
                   AND end_date BETWEEN now() + interval '25 days' AND now() + interval '26 days'";
    assert_eq!(count(&database, resumed).await, 1);
    let log = "transactions WHERE operation = 'resume_subscription'";
    assert_eq!(count(&database, log).await, 1);
}

/// Two wait, and by now the first of them has ended, too.
#[tokio::test]
async fn each_begins_where_the_one_before_it_ended_and_each_end_is_a_command_of_its_own() {
    let database = Database::create().await;
    let now = "date_trunc('hour', now())";
    let end = format!("{now} - interval '40 days'");
    stored(&database, "status, auto_renew, due_at", &format!("'active', true, {end}")).await;
    let wait = format!(
        "UPDATE subscriptions SET start_date = {end} - interval '31 days', end_date = {end};
         INSERT INTO subscriptions (client_id, livemode, user_id, plan, months, status, created_at,
                                    updated_at, start_date, end_date, anchor, anchor_months)
         SELECT client_id, true, id, 'yearly', months, 'scheduled', {now}, {now}, {now}, {now},
                {now}, 0
         FROM users, (VALUES (1), (12)) AS queued (months)"
    );
    database.run(&wait).await;
    for _ in 0..3 {
        lane(&database).pass_all().await;
    }

    let ended = format!("subscriptions WHERE status = 'expired' AND id = 1 AND end_date = {end}");
    assert_eq!(count(&database, &ended).await, 1, "it is not renewed");
    let second = format!(
        "subscriptions WHERE status = 'expired' AND id = 2 AND start_date = {end}
             AND end_date = ({end}) + interval '1 month' AND anchor IS NULL AND auto_renew"
    );
    assert_eq!(count(&database, &second).await, 1);
    let third = format!(
        "subscriptions WHERE status = 'active' AND id = 3 AND due_at = end_date AND auto_renew
             AND start_date = ({end}) + interval '1 month' AND end_date > {now}
             AND (plan, next_plan, next_plan_version) = ('yearly', 'monthly', 1)"
    );
    assert_eq!(count(&database, &third).await, 1);
    let log = "transactions WHERE operation = 'renew_subscription' AND origin = 'internal'";
    assert_eq!(count(&database, log).await, 2);
}
