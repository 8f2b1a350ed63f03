//! What the passing of time does to a subscription. Reads and decisions both look here, so that it
//! makes no difference whether a worker has marked it.

use crate::{
    EndTrial, ExpireSubscription, Instant, InternalCommand, LapsePayment, RecogniseGrants,
    RenewSubscription, ResumeSubscription, Subscription, SubscriptionState, SubscriptionStatus,
    calendar,
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
            SubscriptionState::Pending => match self.open_payment {
                Some(payment) if now < payment.until => self.clone(),
                _ => at_end(SubscriptionState::Expired),
            },
            SubscriptionState::Trialing { .. } if self.trial_end.is_none_or(|end| end <= now) => {
                self.after_trial().as_of(now)
            }
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

    /// Whether a period is bought at its end by itself: it is renewed, or its trial ends.
    #[must_use]
    pub const fn is_renewed(&self) -> bool {
        self.auto_renew || self.conversion.is_some()
    }

    /// The instant from which it does not entitle any more if nothing happens. One that is renewed
    /// by itself goes on while that is tried, and no longer than that.
    #[must_use]
    pub fn access_end(&self) -> Instant {
        match self.state {
            SubscriptionState::PastDue if self.is_renewed() => self.grace_end(),
            SubscriptionState::Active if self.is_renewed() => {
                self.grace_end().max(self.first_try_end())
            }
            SubscriptionState::Trialing { .. } => match self.after_trial() {
                after if after.state.status().is_live() => after.access_end(),
                _ => self.end_date,
            },
            _ => self.end_date,
        }
    }

    /// The end of the time in which a failed renewal can be made good.
    #[must_use]
    pub fn grace_end(&self) -> Instant {
        calendar::writable(self.end_date + TimeDelta::days(self.grace_days.into()))
    }

    /// The instant up to which it goes on without a renewal that has failed.
    fn first_try_end(&self) -> Instant {
        calendar::writable(self.end_date + FIRST_TRY)
    }

    fn trial_end_or_start(&self) -> Instant {
        self.trial_end.unwrap_or(self.start_date)
    }

    /// This subscription at the end of its trial. If it has months by then it goes on with them. If
    /// not, its first period is bought, or it ends where that cannot be paid.
    #[must_use]
    pub fn after_trial(&self) -> Self {
        let SubscriptionState::Trialing { cancelling } = self.state else { return self.clone() };
        let has_months = self.trial_end_or_start() < self.end_date;
        let conversion = self.conversion.filter(|first| first.is_payable && !has_months);
        let state = match cancelling {
            Some(at) if has_months => SubscriptionState::Cancelling { at },
            Some(at) => SubscriptionState::CancelledAtEnd { at },
            None if has_months || conversion.is_some() => SubscriptionState::Active,
            None => SubscriptionState::Expired,
        };
        let conversion = conversion.filter(|_| state == SubscriptionState::Active);
        Self { state, conversion, ..self.clone() }
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

    /// The instant up to which its time has run at `now`: while it stands still, none passes.
    #[must_use]
    pub(crate) const fn ran_until(&self, now: Instant) -> Instant {
        match self.state {
            SubscriptionState::Paused { at, .. } => at,
            _ => now,
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
    /// and months are counted from there. What is earned next is, too, by that time later.
    #[must_use]
    pub fn resumed(&self, at: Instant) -> Self {
        let SubscriptionState::Paused { at: paused_at, .. } = self.state else {
            return self.clone();
        };
        let stood = at - paused_at;
        let (end_date, state) = (self.end_date + stood, SubscriptionState::Active);
        // What had ended before it is not moved.
        let moved = |next: Instant| if paused_at < next { next + stood } else { next };
        let recognise_at = self.recognise_at.map(moved);
        Self { state, end_date, anchor: end_date, anchor_months: 0, recognise_at, ..self.clone() }
    }

    /// The instant at which something must happen to it, if anything must.
    #[must_use]
    pub fn due_at(&self) -> Option<Instant> {
        self.next_due().map(|(at, _)| at)
    }

    /// What must happen to it at [`Subscription::due_at`].
    #[must_use]
    pub fn due(&self) -> Option<InternalCommand> {
        self.next_due().map(|(_, command)| command)
    }

    /// The first of all that must happen to it: what comes first at one instant has its turn first.
    fn next_due(&self) -> Option<(Instant, InternalCommand)> {
        let all = [self.due_recognition(), self.due_by_state(), self.due_lapse()];
        all.into_iter().flatten().min_by_key(|(at, command)| (*at, command.turn()))
    }

    /// What was paid for a grant is earned at its end.
    fn due_recognition(&self) -> Option<(Instant, InternalCommand)> {
        let at = self.recognise_at.filter(|next| match self.state {
            SubscriptionState::Paused { at, .. } => *next <= at,
            state => state != SubscriptionState::Scheduled,
        })?;
        Some((at, RecogniseGrants { subscription_id: self.id, at }.into()))
    }

    /// A payment is waited for no longer.
    fn due_lapse(&self) -> Option<(Instant, InternalCommand)> {
        // A pending one ends with its payment, and lets it go when it has ended, as others do.
        let open = self.open_payment.filter(|_| self.state != SubscriptionState::Pending)?;
        let command = LapsePayment { subscription_id: self.id, payment_id: open.id };
        Some((open.until, command.into()))
    }

    fn due_by_state(&self) -> Option<(Instant, InternalCommand)> {
        let subscription_id = self.id;
        let expire = |at| (at, ExpireSubscription { subscription_id, end_date: at }.into());
        let renew = |at| {
            let (end_date, n) = (self.end_date, self.attempts + 1);
            (at, RenewSubscription { subscription_id, end_date, n }.into())
        };
        Some(match self.state {
            SubscriptionState::Pending => expire(self.open_payment?.until),
            SubscriptionState::Trialing { .. } => {
                let (at, after) = (self.trial_end_or_start(), self.after_trial());
                match after.state {
                    _ if at < self.end_date => {
                        (at, EndTrial { subscription_id, trial_end: at }.into())
                    }
                    SubscriptionState::Active => renew(at),
                    _ => expire(at),
                }
            }
            SubscriptionState::Active if self.is_renewed() => match self.retry_at {
                None if self.attempts == 0 => renew(self.end_date),
                // Its payment is waited for.
                None => renew(self.first_try_end()),
                Some(at) => renew(at.min(self.first_try_end())),
            },
            SubscriptionState::PastDue if self.is_renewed() => match self.retry_at {
                Some(at) if at < self.grace_end() => renew(at),
                _ => expire(self.grace_end()),
            },
            SubscriptionState::Active | SubscriptionState::Cancelling { .. } => {
                expire(self.end_date)
            }
            SubscriptionState::PastDue => expire(self.end_date),
            SubscriptionState::Paused { .. } => {
                let resume_at = self.resumes_at()?;
                (resume_at, ResumeSubscription { subscription_id, resume_at }.into())
            }
            // It begins when the one before it ends, by the command that ends that one.
            SubscriptionState::Scheduled
            | SubscriptionState::Cancelled { .. }
            | SubscriptionState::CancelledAtEnd { .. }
            | SubscriptionState::Expired => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Conversion, Instant, OpenPayment, Operation, Subscription, SubscriptionState,
        SubscriptionStatus as Status,
    };
    use Status::{Active, Cancelled, Expired, PastDue, Paused};
    use chrono::TimeDelta;

    /// Until 31 July, 8:00.
    fn running() -> Subscription {
        held(Holding::Running)
    }

    fn renewing(grace_days: u32) -> Subscription {
        Subscription { auto_renew: true, grace_days, ..running() }
    }

    fn statuses(subscription: &Subscription, instants: &[&str]) -> Vec<Status> {
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

    fn pending() -> Subscription {
        let open_payment = Some(OpenPayment { id: PAID, until: at("2026-06-16T11:00:00Z") });
        let start = held(Holding::Running).start_date;
        let state = SubscriptionState::Pending;
        Subscription { state, anchor_months: 0, end_date: start, open_payment, ..running() }
    }

    #[test]
    fn what_is_not_paid_ends_with_its_payment() {
        let instants = ["2026-06-16T10:59:59.999999Z", "2026-06-16T11:00:00Z"];
        assert_eq!(statuses(&pending(), &instants), [Status::Pending, Expired]);
        assert_eq!(pending().due_at(), Some(at(instants[1])));
        assert!(!pending().has_begun());
    }

    /// A trial until 31 July, 8:00.
    fn trial(is_payable: bool, cancelling: Option<Instant>) -> Subscription {
        let end = running().end_date;
        Subscription {
            state: SubscriptionState::Trialing { cancelling },
            trial_end: Some(end),
            anchor: end,
            anchor_months: 0,
            months: 0,
            conversion: Some(Conversion { months: 3, is_payable }),
            grace_days: 7,
            ..running()
        }
    }

    #[test]
    fn a_trial_ends_unless_it_can_be_paid_and_then_it_is_a_renewal_that_is_owed() {
        let instants = [
            "2026-07-31T07:59:59.999999Z",
            "2026-07-31T08:00:00Z",
            "2026-07-31T09:00:00Z",
            "2026-08-07T08:00:00Z",
        ];
        let found = statuses(&trial(true, None), &instants);
        assert_eq!(found, [Status::Trialing, Active, PastDue, Expired]);
        let renewed = Subscription { auto_renew: true, ..trial(false, None) };
        for unpaid in [trial(false, None), renewed] {
            assert_eq!(statuses(&unpaid, &instants[..2]), [Status::Trialing, Expired]);
        }
        let flagged = trial(true, Some(now()));
        assert_eq!(statuses(&flagged, &instants[..2]), [Status::Trialing, Cancelled]);
        for (found, operation) in [
            (trial(true, None), Operation::RenewSubscription),
            (trial(false, None), Operation::ExpireSubscription),
            (flagged, Operation::ExpireSubscription),
        ] {
            assert_eq!(found.due_at(), found.trial_end);
            assert_eq!(found.due().unwrap().operation(), operation);
        }
    }

    #[test]
    fn months_after_a_trial_are_not_owed() {
        let end_date = at("2026-08-31T08:00:00Z");
        for (is_payable, cancelling, ended) in
            [(true, None, Expired), (false, None, Expired), (true, Some(now()), Cancelled)]
        {
            let trial = trial(is_payable, cancelling);
            let longer = Subscription { months: 1, anchor_months: 1, end_date, ..trial };
            assert_eq!(longer.due_at(), longer.trial_end);
            assert_eq!(longer.due().unwrap().operation(), Operation::EndTrial);
            let instants = ["2026-07-31T08:00:00Z", "2026-08-31T08:00:00Z"];
            assert_eq!(statuses(&longer, &instants), [Active, ended]);
            assert_eq!(longer.access_end(), end_date);
        }
    }

    fn due(subscription: &Subscription) -> (Operation, TimeDelta) {
        let at = subscription.due_at().unwrap();
        (subscription.due().unwrap().operation(), at - subscription.end_date)
    }

    #[test]
    fn a_renewal_is_due_at_its_end_and_then_when_it_is_to_be_tried_again() {
        use Operation::{ExpireSubscription as Expire, RenewSubscription as Renew};
        let day = TimeDelta::days(1);
        let retry = |days| Some(running().end_date + TimeDelta::days(days));
        let (active, failed) = (SubscriptionState::Active, SubscriptionState::PastDue);
        for (state, attempts, retry_at, expected) in [
            (active, 0, None, (Renew, TimeDelta::zero())),
            // It waits for its payment: after an hour it is past due.
            (active, 1, None, (Renew, TimeDelta::hours(1))),
            (active, 1, retry(0), (Renew, TimeDelta::zero())),
            (active, 1, retry(1), (Renew, TimeDelta::hours(1))),
            (failed, 2, retry(1), (Renew, day)),
            (failed, 2, None, (Expire, day * 7)),
            // Not at the end of the grace, and not after it.
            (failed, 2, retry(7), (Expire, day * 7)),
        ] {
            let found = Subscription { state, attempts, retry_at, ..renewing(7) };
            assert_eq!(due(&found), expected, "{state:?} {attempts} {retry_at:?}");
        }
    }

    #[test]
    fn at_one_instant_it_is_earned_first_then_what_ends_ends_and_then_it_is_charged() {
        let end = running().end_date;
        let open = Some(OpenPayment { id: PAID, until: end });
        let mut found = Subscription { recognise_at: Some(end), open_payment: open, ..renewing(7) };
        assert_eq!(due(&found), (Operation::RecogniseGrants, TimeDelta::zero()));
        found.recognise_at = None;
        assert_eq!(due(&found), (Operation::LapsePayment, TimeDelta::zero()));
        found.open_payment = None;
        assert_eq!(due(&found), (Operation::RenewSubscription, TimeDelta::zero()));
    }

    #[test]
    fn what_was_paid_for_is_earned_later_by_a_pause_unless_it_had_ended() {
        let stood = TimeDelta::days(30);
        for (next, moved) in [
            (at("2026-06-15T08:00:00Z"), TimeDelta::zero()),
            (at("2026-06-15T08:00:00.000001Z"), stood),
        ] {
            let paused = Subscription { recognise_at: Some(next), ..paused(None) };
            let resumed = paused.resumed(at("2026-06-15T08:00:00Z") + stood);
            assert_eq!(resumed.recognise_at, Some(next + moved));
            let earns = paused.due().unwrap().operation() == Operation::RecogniseGrants;
            assert_eq!(earns, moved == TimeDelta::zero());
        }
    }
}
