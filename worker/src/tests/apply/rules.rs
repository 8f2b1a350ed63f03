//! What holds after any commands in any order.

use domain::calendar::add_months;
use domain::{ClientId, UserId};
use support::Database;
use support::rows::newest;

/// Checks that no rule is broken. Users are 1 to `users`.
pub(crate) async fn check(database: &Database, users: i64) {
    for (what, query) in BROKEN {
        assert_eq!(database.value::<i64>(query).await, 0, "{what}");
    }
    check_ends(database, users).await;
}

/// What no row may break, by a query that counts those that do.
const BROKEN: [(&str, &str); 7] = [
    (
        "two active subscriptions of a user",
        "SELECT count(*) FROM (SELECT user_id FROM subscriptions WHERE status = 'active'
                               GROUP BY user_id HAVING count(*) > 1) AS t",
    ),
    (
        "a subscription that began before the one before it ended",
        "SELECT count(*) FROM (
             SELECT start_date,
                    lag(coalesce(cancelled_at, end_date)) OVER (PARTITION BY user_id ORDER BY id)
                        AS ended
             FROM subscriptions) AS t WHERE start_date < ended",
    ),
    (
        "months that are not the sum of the grants",
        "SELECT count(*) FROM subscriptions s
         WHERE months <> (SELECT sum(g.months) FROM grants g WHERE g.subscription_id = s.id)",
    ),
    (
        "a gift redeemed without its grant, or the other way round",
        "SELECT count(*) FROM gifts g FULL JOIN grants ON grants.gift_id = g.id
         WHERE (g.status = 'redeemed') <> (grants.id IS NOT NULL) AND g.id IS NOT NULL",
    ),
    (
        "a success without its effect, or the other way round",
        "SELECT abs((SELECT count(*) FROM grants) - 10 - (
             SELECT count(*) FROM transactions
             WHERE status < 400 AND operation IN ('subscribe', 'renew', 'redeem')))",
    ),
    (
        "a cancellation without its effect, or the other way round",
        "SELECT abs((SELECT count(*) FROM subscriptions WHERE status = 'cancelled') - (
             SELECT count(*) FROM transactions WHERE status < 400 AND operation = 'cancel'))",
    ),
    (
        "a change of a subscription at a time before the change before it",
        "SELECT count(*) FROM (
             SELECT finished_at, lag(finished_at) OVER (PARTITION BY entity_id ORDER BY position)
                 AS before
             FROM transactions
             WHERE status < 400 AND operation IN ('subscribe', 'renew', 'cancel')) AS t
         WHERE finished_at < before",
    ),
];

/// Every end is the start and the months, by the calendar.
async fn check_ends(database: &Database, users: i64) {
    for user in 1..=users {
        let page = newest(database, ClientId::LOCAL, UserId::new(user), 1000).await.unwrap();
        for subscription in page.subscriptions {
            let end = add_months(subscription.start_date, subscription.months);
            assert_eq!(Some(subscription.end_date), end, "{subscription:?}");
        }
    }
}
