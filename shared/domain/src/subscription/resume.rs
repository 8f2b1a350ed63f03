//! `resume`: a subscription that stands still goes on.

use crate::decide::{Decider, Rules, Ruling};
use crate::{
    Change, ClientId, Needs, NewIds, Refusal, Subscription, SubscriptionId, SubscriptionStatus,
    UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Lets a subscription that stands still go on: what was left of its term begins now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The subscription that goes on.
    pub subscription_id: SubscriptionId,
}

impl Rules for Resume {
    fn needs(&self, client: ClientId, needs: &mut Needs) {
        needs.subscriptions.insert((client, self.subscription_id));
        needs.grants_of.insert((client, self.subscription_id));
    }

    fn subject(&self, decider: &Decider<'_>) -> Option<UserId> {
        decider.owner(self.subscription_id)
    }

    fn decide(&self, decider: &Decider<'_>, _: &mut NewIds) -> Ruling {
        let now = decider.context.now;
        let paused = decider.subscription(self.subscription_id)?;
        if paused.state.status() != SubscriptionStatus::Paused {
            return Err(Refusal::SubscriptionNotPaused { current: paused.state.status() });
        }
        let resumed = Subscription { updated_at: now, ..paused.resumed(now) };
        let (mut changes, success) = decider.changed(resumed);
        changes.extend(decider.grants_after_pause(&paused, now).into_iter().map(Change::Grant));
        Ok((changes, success))
    }
}

#[cfg(test)]
mod tests {
    use super::Resume;
    use crate::samples::*;
    use crate::{
        Change, Grant, GrantId, GrantSource, Refusal, Slice, Subscription, SubscriptionState,
        SubscriptionStatus,
    };
    use chrono::TimeDelta;

    const RESUME: Resume = Resume { subscription_id: HELD };

    #[test]
    fn what_was_left_begins_now() {
        // 36 days, 8 hours and a bit less than a second were left.
        let state = SubscriptionState::Paused { at: at("2026-06-10T00:00:00.5Z"), resume_at: None };
        let paused = Subscription { state, ..held(Holding::Running) };
        let found = decided(&working_set([Change::Subscription(paused.clone())]), RESUME);
        // now() + (2026-07-31T08:00:00Z − 2026-06-10T00:00:00.5Z)
        let end_date = at("2026-08-05T19:59:59.623456Z");
        let expected = Subscription {
            state: SubscriptionState::Active,
            anchor: end_date,
            anchor_months: 0,
            end_date,
            updated_at: now(),
            ..paused
        };
        assert_eq!(subscription_of(&found), &expected);
    }

    #[test]
    fn one_that_does_not_stand_still_does_not_go_on() {
        for (state, current) in [
            (Holding::Running, SubscriptionStatus::Active),
            (Holding::Ended, SubscriptionStatus::Expired),
            (Holding::Cancelled, SubscriptionStatus::Cancelled),
        ] {
            let refusal = Refusal::SubscriptionNotPaused { current };
            assert_eq!(decided(&holding(state, []), RESUME), refused(ALICE, refusal));
        }
    }

    /// Three months, of which one had ended, one ran and one was to come at the pause.
    #[test]
    fn what_had_not_ended_covers_as_much_time_later() {
        let month = |id, start: &str, end: &str| {
            let slice = Slice { start: at(start), end: at(end) };
            let bought = grant(HELD, GrantSource::Purchase, 1, slice);
            Grant { id: GrantId::new(id), value: 100, currency: Some(usd()), ..bought }
        };
        let grants = [
            month(50, "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"),
            month(51, "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"),
            month(52, "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"),
        ];
        let stood = now() - at("2026-06-10T00:00:00Z");
        for (resume_at, by_itself) in [(None, false), (Some(now()), true)] {
            let state = SubscriptionState::Paused { at: at("2026-06-10T00:00:00Z"), resume_at };
            let recognise_at = Some(at("2026-07-01T00:00:00Z"));
            let end_date = at("2026-08-01T00:00:00Z");
            let paused = Subscription { state, end_date, recognise_at, ..held(Holding::Running) };
            let rows = grants.iter().cloned().map(Change::Grant);
            let rows = working_set(rows.chain([Change::Subscription(paused.clone())]));
            let found = if by_itself {
                due_at(&rows, paused.due().unwrap(), now() + TimeDelta::days(3)).unwrap()
            } else {
                decided(&rows, RESUME)
            };
            let rows = after(&rows, &found);
            let resumed = row(&rows, HELD);
            assert_eq!(resumed.end_date, end_date + stood);
            assert_eq!(resumed.recognise_at, recognise_at.map(|next| next + stood));
            let slices: Vec<_> = rows.grants_of(HELD).map(|grant| grant.slice.unwrap()).collect();
            let [first, second, third] = grants.each_ref().map(|grant| grant.slice.unwrap());
            assert_eq!(slices, [first, second.moved(stood), third.moved(stood)]);
            assert_eq!(slices.last().map(|slice| slice.end), Some(resumed.end_date));
        }
    }

    /// It went on by itself, and nobody has marked that.
    #[test]
    fn a_command_that_finds_it_running_again_moves_its_grants_too() {
        let (since, until) = (at("2026-06-10T00:00:00Z"), at("2026-06-12T00:00:00Z"));
        let state = SubscriptionState::Paused { at: since, resume_at: Some(until) };
        let paused = Subscription { state, ..held(Holding::Running) };
        let slice = Slice { start: paused.start_date, end: paused.end_date };
        let bought = Grant { id: GrantId::new(50), ..grant(HELD, GrantSource::Purchase, 2, slice) };
        let rows = working_set([Change::Subscription(paused), Change::Grant(bought)]);
        let renewed = decided(&rows, crate::Renew { subscription_id: HELD, duration_months: None });
        let rows = after(&rows, &renewed);
        let slices: Vec<_> = rows.grants_of(HELD).map(|grant| grant.slice.unwrap()).collect();
        let moved = slice.moved(until - since);
        let end = row(&rows, HELD).end_date;
        assert_eq!(slices, [moved, Slice { start: moved.end, end }]);
    }
}
