//! What time does to the subscriptions of a user, worked out in another way than the core's: event
//! by event, as a worker that never sleeps would write it down.

use super::books::Books;
use crate::by_hand;
use chrono::TimeDelta;
use domain::{Instant, NextPlan, Subscription, SubscriptionState, UserId};

use SubscriptionState::{Active, CancelledAtEnd, Cancelling, Expired, PastDue, Paused, Scheduled};

/// Every subscription of the user as it is at `now` if nothing is renewed.
pub(crate) fn rows_at(books: &Books, user: UserId, now: Instant) -> Vec<Subscription> {
    let of_user = books.subscriptions.values().filter(|s| s.user == user);
    let mut rows: Vec<Subscription> = of_user.cloned().collect();
    while happen(&mut rows, now) {}
    rows
}

/// Makes the next thing happen; false if nothing does until `now`.
fn happen(rows: &mut [Subscription], now: Instant) -> bool {
    let mut waiting = rows.iter().filter(|row| row.state == Scheduled);
    let next = waiting.next().map(|row| row.id);
    let Some(live) = rows.iter_mut().find(|row| row.state.status().is_live()) else {
        return false;
    };
    let Some((at, state)) = event(live, next.is_some()).filter(|(at, _)| *at <= now) else {
        return false;
    };
    if let Paused { at: since, .. } = live.state {
        live.end_date += at - since;
        (live.anchor, live.anchor_months) = (live.end_date, 0);
    }
    let before = live.clone();
    live.state = state;
    let has_ended = matches!(state, Expired | CancelledAtEnd { .. });
    if let Some(next) = rows.iter_mut().find(|row| has_ended && Some(row.id) == next) {
        begin(next, &before, at);
    }
    true
}

/// What happens to a live one next, and when.
fn event(live: &Subscription, is_followed: bool) -> Option<(Instant, SubscriptionState)> {
    let end = live.end_date;
    let grace = TimeDelta::days(live.grace_days.into());
    match live.state {
        Paused { at, resume_at } => Some((resume_at.unwrap_or(at + TimeDelta::days(365)), Active)),
        Cancelling { at } => Some((end, CancelledAtEnd { at })),
        Active if live.auto_renew && !is_followed => {
            let first_try = end + TimeDelta::hours(1);
            Some((first_try, if grace > TimeDelta::zero() { PastDue } else { Expired }))
        }
        Active => Some((end, Expired)),
        PastDue => Some((if live.auto_renew { end + grace } else { end }, Expired)),
        _ => None,
    }
}

fn begin(next: &mut Subscription, before: &Subscription, at: Instant) {
    next.state = Active;
    (next.start_date, next.anchor, next.anchor_months) = (at, at, next.months);
    next.end_date = by_hand::add_months(at, next.months).unwrap();
    if before.auto_renew && before.state == Active {
        let own = NextPlan { code: before.plan.clone(), version: before.plan_version };
        let renewed_as = before.next_plan.clone().unwrap_or(own);
        let is_own = renewed_as.code == next.plan && renewed_as.version == next.plan_version;
        next.next_plan = (!is_own).then_some(renewed_as);
        (next.auto_renew, next.grace_days) = (true, before.grace_days);
    }
}

/// The end of the last of these, if each begins when the one before it ends: first one that runs or
/// stands still, then the months of those behind it.
pub(crate) fn end_of(running: &Subscription, behind: &[u32]) -> Option<Instant> {
    let end = match running.state {
        Paused { at, resume_at } => {
            resume_at.unwrap_or(at + TimeDelta::days(365)) + (running.end_date - at)
        }
        _ => running.end_date,
    };
    behind.iter().try_fold(end, |end, months| by_hand::add_months(end, *months))
}
