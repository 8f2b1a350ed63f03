//! One leap gives the same rows as many steps, up to ids and real times.

use super::sample::Shop;
use chrono::TimeDelta;
use domain::{
    Cancel, Command, Email, Extend, GiftId, Give, Instant, Pause, PlanCode, Redeem, Renew, Resume,
    SetAutoRenew, Subscribe, SubscriptionId, Uncancel, UserId,
};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::Database;

const STANDS: &str = "2026-01-31T08:00:00Z";
const HISTORIES: usize = 24;
const USERS: i64 = 3;

/// A step of a history.
#[derive(Debug, Clone)]
enum Step {
    /// A command, by numbers of what it is about.
    Command { kind: u8, user: u8, row: u8, number: u8 },
    /// The clock moves by so many hours; in the many steps it is moved by parts of that.
    Advance { hours: u16, parts: Vec<u16> },
}

fn step() -> impl Strategy<Value = Step> {
    let command = (0..11_u8, any::<u8>(), any::<u8>(), any::<u8>());
    prop_oneof![
        3 => command
            .prop_map(|(kind, user, row, number)| Step::Command { kind, user, row, number }),
        2 => (0..3_000_u16, vec(0..600_u16, 0..8))
            .prop_map(|(hours, parts)| Step::Advance { hours, parts }),
    ]
}

#[tokio::test]
async fn one_leap_gives_the_same_rows_as_many_steps() {
    let database = Database::create().await;
    let mut runner = TestRunner::deterministic();
    for n in 0..HISTORIES {
        let history = vec(step(), 1..25).new_tree(&mut runner).unwrap().current();
        let whole = Shop::open(&database, &format!("whole{n}"), STANDS).await;
        let parted = Shop::open(&database, &format!("parted{n}"), STANDS).await;
        for shop in [&whole, &parted] {
            for user in 0..USERS {
                shop.user(&format!("user{user}")).await;
            }
        }
        let (mut steps_of_whole, mut steps_of_parted) = (0, 0);
        for step in &history {
            match step {
                Step::Command { kind, user, row, number } => {
                    for shop in [&whole, &parted] {
                        if let Some(command) = command(shop, *kind, (*user, *row, *number)).await {
                            shop.send(command).await;
                        }
                    }
                }
                Step::Advance { hours, parts } => {
                    let to = whole.now().await + TimeDelta::hours((*hours).into());
                    steps_of_whole += steps(&whole.advance(to).await);
                    for part in parts {
                        let next = parted.now().await + TimeDelta::hours((*part).into());
                        steps_of_parted += steps(&parted.advance(next.min(to)).await);
                    }
                    steps_of_parted += steps(&parted.advance(to).await);
                }
            }
        }
        assert_eq!(dump(&parted).await, dump(&whole).await, "{history:#?}");
        assert!(steps_of_whole <= steps_of_parted, "{history:#?}");
    }
}

fn steps(answer: &str) -> u64 {
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    answer["steps"].as_u64().unwrap()
}

/// The command of those numbers, about rows of that client.
async fn command(shop: &Shop<'_>, kind: u8, (user, row, number): (u8, u8, u8)) -> Option<Command> {
    let pick = |ids: &[i64], n: u8| (!ids.is_empty()).then(|| ids[usize::from(n) % ids.len()]);
    let user_id = UserId::new(pick(&shop.ids("users").await, user)?);
    let now = shop.now().await;
    let subscription = pick(&shop.ids("subscriptions").await, row).map(SubscriptionId::new);
    let is_odd = number % 2 == 1;
    Some(match kind {
        0 | 1 => Subscribe {
            user_id: Some(user_id),
            external_id: None,
            plan: PlanCode::parse(if number < 200 { "monthly" } else { "yearly" }).unwrap(),
            duration_months: None,
            auto_renew: is_odd,
            trial: None,
        }
        .into(),
        2 => Renew { subscription_id: subscription?, duration_months: Some(1) }.into(),
        3 => Cancel { subscription_id: subscription?, at_period_end: is_odd }.into(),
        4 => Uncancel { subscription_id: subscription? }.into(),
        5 => SetAutoRenew { subscription_id: subscription?, auto_renew: is_odd }.into(),
        6 => Pause { subscription_id: subscription?, resume_at: resume(now, number) }.into(),
        7 => Resume { subscription_id: subscription? }.into(),
        8 => Extend {
            subscription_id: subscription?,
            months: u32::from(number % 3) + 1,
            reason: "a test".to_owned(),
        }
        .into(),
        9 => Give {
            gifter_id: Some(user_id),
            gifter_external_id: None,
            recipient_email: Email::parse(&format!("user{}@a.org", number % 3)).unwrap(),
            duration_months: Some(2),
            plan: None,
        }
        .into(),
        _ => {
            let gift_id = GiftId::new(pick(&shop.ids("gifts").await, row)?);
            Redeem { gift_id, user_id: Some(user_id), external_id: None }.into()
        }
    })
}

fn resume(now: Instant, number: u8) -> Option<Instant> {
    (!number.is_multiple_of(3)).then(|| now + TimeDelta::days(i64::from(number) + 1))
}

/// Every row of a client as text, with places in the order of ids in place of ids.
pub(crate) async fn dump(shop: &Shop<'_>) -> String {
    shop.database.value(&DUMP.replace("{client}", &shop.client.to_string())).await
}

const DUMP: &str = "
    WITH
    u AS (SELECT *, row_number() OVER (ORDER BY id) AS n FROM users WHERE client_id = {client}),
    s AS (SELECT *, row_number() OVER (ORDER BY id) AS n FROM subscriptions
          WHERE client_id = {client}),
    g AS (SELECT *, row_number() OVER (ORDER BY id) AS n FROM gifts WHERE client_id = {client}),
    shown (line) AS (
        SELECT format('user %s %s %s', n, email, created_at) FROM u
        UNION ALL
        SELECT format('subscription %s of %s: ', s.n, u.n) || concat_ws(', ', s.plan,
                   s.plan_version, s.auto_renew, s.grace_days, s.status, s.months, s.start_date,
                   'anchor', s.anchor, s.anchor_months, 'end', s.end_date, 'cancelled',
                   s.cancelled_at, s.cancel_at_period_end, 'paused', s.paused_at, s.resume_at,
                   'made', s.created_at, s.updated_at, 'due', s.due_at, s.livemode)
        FROM s JOIN u ON u.id = s.user_id
        UNION ALL
        SELECT format('gift %s: ', n) || concat_ws(', ', recipient_email, status, months,
                   expires_at, 'redeemed', redeemed_at, 'made', created_at, 'due', due_at)
        FROM g
        UNION ALL
        SELECT format('grant to %s: ', s.n) || concat_ws(', ', source, grants.months, granted_at,
                   'gift', g.n, reason)
        FROM grants JOIN s ON s.id = subscription_id LEFT JOIN g ON g.id = gift_id
        WHERE grants.client_id = {client}
        UNION ALL
        SELECT format('log %s %s: ', operation, CASE
                   WHEN operation LIKE '%gift' OR operation = 'redeem'
                       THEN (SELECT n FROM g WHERE id = entity_id)
                   WHEN operation LIKE '%user' THEN (SELECT n FROM u WHERE id = entity_id)
                   ELSE (SELECT n FROM s WHERE id = entity_id) END)
               || concat_ws(', ', origin, transactions.status, decided_at, finished_at)
        FROM transactions
        WHERE client_id = {client} AND operation NOT IN ('advance_clock', 'settle_clock')
    )
    SELECT string_agg(line, E'\\n' ORDER BY line COLLATE \"C\") FROM shown";
