//! What the passing of time does to a subscription. Reads and decisions both look here, so that it
//! makes no difference whether a worker has marked it.

use crate::{
    ExpireSubscription, Instant, InternalCommand, RenewSubscription, ResumeSubscription,
    Subscription, SubscriptionState, SubscriptionStatus, calendar,
};
use chrono::TimeDelta;

/// The longest time for which a subscription stands still.
pub const PAUSE_MAX: TimeDelta = TimeDelta::days(365);
/// The time after its end within which a renewal was tried at least once. Until then a subscription
/// that is renewed by itself goes on.
const FIRST_TRY: TimeDelta = TimeDelta::hours(1);

impl Subscription {
    /// This subscription as it is at `now`, whether or not it is marked, if none waits behind it:
    /// see [`crate::Line`].
    #[must_use]
    pub fn as_of(&self, now: Instant) -> Self {
        let at_end = |state| Self { state, ..self.clone() };
        match self.state {
            SubscriptionState::Paused { .. } => match self.resumes_at() {
                Some(at) if at <= now => self.resumed(at).as_of(now),
                _ => self.clone(),
            },
            _ if !self.state.status().is_live() || now < self.end_date => self.clone(),
            SubscriptionState::Cancelling { at } => {
                at_end(SubscriptionState::CancelledAtEnd { at })
            }
            _ if self.access_end() <= now => at_end(SubscriptionState::Expired),
            SubscriptionState::Active if self.end_date + FIRST_TRY <= now => {
                at_end(SubscriptionState::PastDue)
            }
            _ => self.clone(),
        }
    }

    /// This subscription, marked as what it is at `now`.
    #[must_use]
    pub fn marked(&self, now: Instant) -> Self {
        Self { updated_at: now, ..self.as_of(now) }
    }

    /// The status at `now`.
    #[must_use]
    pub fn effective_status(&self, now: Instant) -> SubscriptionStatus {
        self.as_of(now).state.status()
    }

    /// The instant from which it does not entitle any more if nothing happens. One that is renewed
    /// by itself goes on while that is tried, and no longer than that.
    #[must_use]
    pub fn access_end(&self) -> Instant {
        match self.state {
            SubscriptionState::PastDue if self.auto_renew => self.grace_end(),
            SubscriptionState::Active if self.auto_renew => {
                self.grace_end().max(calendar::writable(self.end_date + FIRST_TRY))
            }
            _ => self.end_date,
        }
    }

    /// The end of the time in which a failed renewal can be made good.
    #[must_use]
    pub fn grace_end(&self) -> Instant {
        calendar::writable(self.end_date + TimeDelta::days(self.grace_days.into()))
    }

    /// The instant at which it goes on by itself, if it stands still.
    #[must_use]
    pub fn resumes_at(&self) -> Option<Instant> {
        match self.state {
            SubscriptionState::Paused { at, resume_at } => {
                Some(resume_at.unwrap_or(at + PAUSE_MAX))
            }
            _ => None,
        }
    }

    /// The part of the term that is kept while it stands still.
    #[must_use]
    pub fn remaining(&self) -> Option<TimeDelta> {
        match self.state {
            SubscriptionState::Paused { at, .. } => Some(self.end_date - at),
            _ => None,
        }
    }

    /// This subscription, going on from `at`: its end moves by the time for which it stood still,
    /// and months are counted from there.
    #[must_use]
    pub fn resumed(&self, at: Instant) -> Self {
        let Some(remaining) = self.remaining() else { return self.clone() };
        let (end_date, state) = (at + remaining, SubscriptionState::Active);
        Self { state, end_date, anchor: end_date, anchor_months: 0, ..self.clone() }
    }

    /// The instant at which something must happen to it, if anything must.
    #[must_use]
    pub fn due_at(&self) -> Option<Instant> {
        match self.state {
            SubscriptionState::Active | SubscriptionState::Cancelling { .. } => Some(self.end_date),
            SubscriptionState::PastDue => Some(self.access_end()),
            SubscriptionState::Paused { .. } => self.resumes_at(),
            // It begins when the one before it ends, by the command that ends that one.
            SubscriptionState::Scheduled
            | SubscriptionState::Cancelled { .. }
            | SubscriptionState::CancelledAtEnd { .. }
            | SubscriptionState::Expired => None,
        }
    }

    /// What must happen to it at [`Subscription::due_at`].
    #[must_use]
    pub fn due(&self) -> Option<InternalCommand> {
        let (subscription_id, at) = (self.id, self.due_at()?);
        Some(match self.state {
            SubscriptionState::Active if self.auto_renew => {
                RenewSubscription { subscription_id, end_date: at }.into()
            }
            SubscriptionState::Paused { .. } => {
                ResumeSubscription { subscription_id, resume_at: at }.into()
            }
            _ => ExpireSubscription { subscription_id, end_date: at }.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{Instant, Subscription, SubscriptionState, SubscriptionStatus};
    use SubscriptionStatus::{Active, Cancelled, Expired, PastDue, Paused};
    use chrono::TimeDelta;

    /// Until 31 July, 8:00.
    fn running() -> Subscription {
        held(Holding::Running)
    }

    fn renewing(grace_days: u32) -> Subscription {
        Subscription { auto_renew: true, grace_days, ..running() }
    }

    fn statuses(subscription: &Subscription, instants: &[&str]) -> Vec<SubscriptionStatus> {
        instants.iter().map(|instant| subscription.effective_status(at(instant))).collect()
    }

    #[test]
    fn one_that_is_renewed_by_itself_is_in_grace_when_the_first_try_is_overdue() {
        let found = statuses(
            &renewing(7),
            &[
                "2026-07-31T07:59:59.999999Z",
                "2026-07-31T08:00:00Z",
                "2026-07-31T08:59:59.999999Z",
                "2026-07-31T09:00:00Z",
                "2026-08-07T07:59:59.999999Z",
                "2026-08-07T08:00:00Z",
            ],
        );
        assert_eq!(found, [Active, Active, Active, PastDue, PastDue, Expired]);
    }

    #[test]
    fn without_grace_it_ends_an_hour_after_its_end_at_the_latest() {
        let instants = ["2026-07-31T08:59:59.999999Z", "2026-07-31T09:00:00Z"];
        assert_eq!(statuses(&renewing(0), &instants), [Active, Expired]);
    }

    #[test]
    fn one_that_is_to_be_cancelled_ends_as_cancelled_whether_or_not_it_is_renewed_by_itself() {
        let asked = SubscriptionState::Cancelling { at: now() };
        for subscription in [running(), renewing(7)] {
            let flagged = Subscription { state: asked, ..subscription };
            let instants = ["2026-07-31T07:59:59.999999Z", "2026-07-31T08:00:00Z"];
            assert_eq!(statuses(&flagged, &instants), [Active, Cancelled]);
            let ended = flagged.as_of(at("2026-07-31T08:00:00Z"));
            assert_eq!(ended.state, SubscriptionState::CancelledAtEnd { at: now() });
        }
    }

    #[test]
    fn grace_lasts_only_as_long_as_it_is_to_be_renewed() {
        let state = SubscriptionState::PastDue;
        let failed = Subscription { state, ..renewing(7) };
        assert_eq!(failed.effective_status(failed.end_date), PastDue);
        let off = Subscription { auto_renew: false, ..failed };
        assert_eq!(off.effective_status(off.end_date), Expired);
        assert_eq!(off.due_at(), Some(off.end_date));
    }

    #[test]
    fn grace_ends_when_instants_can_no_longer_be_written() {
        let late = Subscription { end_date: at("9999-12-30T00:00:00Z"), ..renewing(7) };
        assert_eq!(late.access_end(), at("9999-12-31T23:59:59.999999Z"));
    }

    fn paused(resume_at: Option<Instant>) -> Subscription {
        let state = SubscriptionState::Paused { at: at("2026-06-15T08:00:00Z"), resume_at };
        Subscription { state, ..running() }
    }

    #[test]
    fn a_pause_ends_by_itself_and_keeps_the_rest_of_the_term_exactly() {
        let resume_at = at("2026-07-01T20:00:00Z");
        let found = statuses(&paused(Some(resume_at)), &["2026-07-01T19:59:59.999999Z"]);
        assert_eq!(found, [Paused]);
        let resumed = paused(Some(resume_at)).as_of(resume_at);
        // 46 days were left.
        let end = at("2026-08-16T20:00:00Z");
        assert_eq!((resumed.state, resumed.end_date), (SubscriptionState::Active, end));
        assert_eq!((resumed.anchor, resumed.anchor_months, resumed.months), (end, 0, 2));
        assert_eq!(paused(Some(resume_at)).effective_status(end), Expired);
    }

    #[test]
    fn a_pause_lasts_a_year_at_most() {
        let instants = ["2027-06-15T07:59:59.999999Z", "2027-06-15T08:00:00Z"];
        assert_eq!(statuses(&paused(None), &instants), [Paused, Active]);
    }

    #[test]
    fn months_after_a_pause_are_counted_from_the_end_that_it_left() {
        let resumed = paused(None).resumed(at("2026-06-15T08:00:00Z") + TimeDelta::days(184));
        assert_eq!(resumed.end_date, at("2027-01-31T08:00:00Z"));
        let ends = [1, 2].map(|months| resumed.extended(months, now()).unwrap().end_date);
        assert_eq!(ends, [at("2027-02-28T08:00:00Z"), at("2027-03-31T08:00:00Z")]);
    }

    #[test]
    fn what_is_due_is_due_when_the_status_changes_by_itself() {
        let failed = Subscription { state: SubscriptionState::PastDue, ..renewing(7) };
        for subscription in [running(), failed, paused(None), paused(Some(now()))] {
            let due = subscription.due_at().unwrap();
            let before = subscription.as_of(due - TimeDelta::microseconds(1));
            assert_eq!(before.state, subscription.state);
            assert_ne!(subscription.as_of(due).state, subscription.state);
        }
    }
}
