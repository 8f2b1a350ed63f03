//! The rules that the rows must satisfy after any commands.

use super::evidence::Rows;
use super::{Rule, Violation};
use domain::{GiftStatus, Subscription, SubscriptionState};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(super) fn check(rows: &Rows) -> Vec<Violation> {
    let mut violations = two_active(rows);
    violations.extend(waiting(rows));
    violations.extend(gifts(rows));
    violations.extend(months(rows));
    violations
}

fn two_active(rows: &Rows) -> Vec<Violation> {
    let mut active = BTreeMap::<_, Vec<i64>>::new();
    for s in rows.subscriptions.iter().filter(|s| s.state.status().is_live()) {
        active.entry(s.user).or_default().push(s.id.get());
    }
    let several = active.into_iter().filter(|(_, ids)| ids.len() > 1);
    let told = |user, ids| format!("user {user} has the live subscriptions {ids:?}");
    several.map(|(user, ids)| Violation::of_state(Rule::TwoActive, told(user.get(), ids))).collect()
}

fn waiting(rows: &Rows) -> impl Iterator<Item = Violation> {
    let live = rows.subscriptions.iter().filter(|s| s.state.status().is_live());
    let users: BTreeSet<_> = live.map(|s| s.user).collect();
    let waiting = rows.subscriptions.iter().filter(|s| s.state == SubscriptionState::Scheduled);
    let alone = waiting.filter(move |s| !users.contains(&s.user));
    let told = |s: &Subscription| format!("subscription {} waits for nothing", s.id.get());
    alone.map(move |s| Violation::of_state(Rule::WaitsForNothing, told(s)))
}

fn gifts(rows: &Rows) -> Vec<Violation> {
    let mut grants = HashMap::<_, usize>::new();
    for gift in rows.grants.iter().filter_map(|grant| grant.source.gift()) {
        *grants.entry(gift).or_default() += 1;
    }
    let wrong = rows.gifts.iter().filter_map(|gift| {
        let granted = grants.get(&gift.id).copied().unwrap_or_default();
        let status = gift.state.status();
        // One that was redeemed and paid back is cancelled.
        let is_right = match status {
            GiftStatus::Redeemed => granted == 1,
            GiftStatus::Cancelled => granted <= 1,
            GiftStatus::Incomplete | GiftStatus::Pending | GiftStatus::Expired => granted == 0,
        };
        let status = status.as_str();
        (!is_right).then(|| format!("gift {} is {status}, grants: {granted}", gift.id.get()))
    });
    wrong.map(|detail| Violation::of_state(Rule::GiftNotOnce, detail)).collect()
}

fn months(rows: &Rows) -> Vec<Violation> {
    let mut granted = HashMap::<_, u32>::new();
    for grant in &rows.grants {
        *granted.entry(grant.subscription).or_default() += grant.months;
    }
    let wrong = rows.subscriptions.iter().filter_map(|s| {
        // What is not paid has its months to come.
        let granted = match granted.get(&s.id) {
            None if is_unpaid(s) => return None,
            granted => granted.copied().unwrap_or_default(),
        };
        let detail = || format!("subscription {} has {} months of {granted}", s.id.get(), s.months);
        (granted != s.months).then(detail)
    });
    wrong.map(|detail| Violation::of_state(Rule::MonthsNotGranted, detail)).collect()
}

/// Whether a subscription is pending, or has ended like that.
fn is_unpaid(subscription: &Subscription) -> bool {
    let state = subscription.state;
    let has_ended =
        matches!(state, SubscriptionState::Expired | SubscriptionState::Cancelled { .. });
    state == SubscriptionState::Pending || has_ended && !subscription.has_begun()
}
