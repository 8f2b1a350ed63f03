//! The subscriptions of a user that run or wait. Each begins where the one before it ends, whether
//! or not a worker has marked that: reads and decisions both look here.

use crate::{
    Instant, NextPlan, Subscription, SubscriptionId, SubscriptionState, SubscriptionStatus,
};

/// The live subscription of a user and those that are scheduled behind it, as they are stored, in
/// the order in which they run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(Vec<Subscription>);

impl Line {
    /// The line of rows of one user. Those that have ended are not in it.
    #[must_use]
    pub fn of(rows: impl IntoIterator<Item = Subscription>) -> Self {
        let is_in = |status: SubscriptionStatus| {
            status.is_live() || status == SubscriptionStatus::Scheduled
        };
        let rows = rows.into_iter().filter(|row| is_in(row.state.status()));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable_by_key(|row| (!row.state.status().is_live(), row.id));
        Self(rows)
    }

    /// Each of them as it is at `now`, in the same order: some that have ended, then one that is
    /// live, then those that wait for it to end.
    #[must_use]
    pub fn at(&self, now: Instant) -> Vec<Subscription> {
        let mut rows = self.0.iter();
        let Some(mut running) = rows.next().cloned() else { return Vec::new() };
        let (mut seen, mut waiting) = (Vec::with_capacity(self.0.len()), Vec::new());
        for next in rows {
            match running.hand_over_to(next).filter(|(ended_at, ..)| *ended_at <= now) {
                Some((_, ended, begun)) => {
                    seen.push(ended);
                    running = begun;
                }
                None => waiting.push(next.clone()),
            }
        }
        seen.push(running.as_of(now));
        seen.extend(waiting);
        seen
    }

    /// A row of the user as it is at `now`. It need not be in the line.
    #[must_use]
    pub fn row_at(&self, stored: &Subscription, now: Instant) -> Subscription {
        let mut rows = self.at(now).into_iter();
        rows.find(|row| row.id == stored.id).unwrap_or_else(|| stored.as_of(now))
    }

    /// The one that is to begin when that one ends.
    pub(crate) fn next_after(self, id: SubscriptionId) -> Option<Subscription> {
        self.0.into_iter().skip_while(|row| row.id != id).nth(1)
    }

    /// The instant from which the last of them is over if nothing happens; `None` if there is none,
    /// or RFC 3339 cannot write it.
    #[must_use]
    pub fn end(&self) -> Option<Instant> {
        Some(self.last()?.access_end())
    }

    /// The last of them as it is when it has begun, if nothing else happens; `None` if there is
    /// none, or RFC 3339 cannot write its end.
    #[must_use]
    pub fn last(&self) -> Option<Subscription> {
        let mut rows = self.0.iter();
        let first = rows.next()?.clone();
        rows.try_fold(first, |running, next| running.hand_over_to(next).map(|(_, _, begun)| begun))
    }
}

impl Subscription {
    /// What becomes of this one and of `next` when this one ends and `next` waits behind it, and
    /// when that is: this one is not renewed, and `next` begins. `None` if this one has no end, or
    /// `next` would have one that RFC 3339 cannot write.
    #[must_use]
    pub(crate) fn hand_over_to(&self, next: &Self) -> Option<(Instant, Self, Self)> {
        let (ended_at, ended) = self.end_if_followed()?;
        Some((ended_at, ended, next.clone().begun_after(self, ended_at).ok()?))
    }

    /// This one, begun at `at` in the place of `before`. If that one was to be renewed, this one
    /// takes its renewal over: at its own end it is renewed as the plan of that one.
    pub(crate) fn begun_after(self, before: &Self, at: Instant) -> Result<Self, crate::Refusal> {
        let (begun, before) = (self.begun(at)?, &before.after_trial());
        if !before.is_to_be_renewed() {
            return Ok(begun);
        }
        let next = before.renewed_as();
        let is_other = (&next.code, next.version) != (&begun.plan, begun.plan_version);
        let (next_plan, grace_days) = (is_other.then_some(next), before.grace_days);
        let Self { auto_renew, conversion, .. } = *before;
        Ok(Self { auto_renew, next_plan, grace_days, conversion, ..begun })
    }

    /// The plan that it is renewed as.
    #[must_use]
    pub fn renewed_as(&self) -> NextPlan {
        self.next_plan.clone().unwrap_or_else(|| self.sold_as())
    }

    /// The plan that it has.
    pub(crate) fn sold_as(&self) -> NextPlan {
        NextPlan { code: self.plan.clone(), version: self.plan_version }
    }

    /// The change of plan that waits for its end, and when that is. It is made by what follows
    /// then, if anything does: that it is renewed by itself, or cancelled, may be switched until
    /// then. While it stands still, its end is shown as it was bought, and so is this.
    #[must_use]
    pub fn scheduled_change(&self) -> Option<(&NextPlan, Instant)> {
        let is_live = self.state.status().is_live();
        self.next_plan.as_ref().filter(|_| is_live).map(|next| (next, self.end_date))
    }

    /// Whether its renewal is still to be tried.
    fn is_to_be_renewed(&self) -> bool {
        match self.state {
            SubscriptionState::Active | SubscriptionState::Paused { .. } => self.is_renewed(),
            _ => false,
        }
    }

    /// When it ends if another waits behind it and nothing happens, and what it is then.
    fn end_if_followed(&self) -> Option<(Instant, Self)> {
        let ended = |at, state| Some((at, Self { state, ..self.clone() }));
        match self.state {
            SubscriptionState::Active => ended(self.end_date, SubscriptionState::Expired),
            SubscriptionState::Cancelling { at } => {
                ended(self.end_date, SubscriptionState::CancelledAtEnd { at })
            }
            SubscriptionState::Trialing { .. } => match self.after_trial().state {
                SubscriptionState::CancelledAtEnd { at } | SubscriptionState::Cancelling { at } => {
                    ended(self.end_date, SubscriptionState::CancelledAtEnd { at })
                }
                _ => ended(self.end_date, SubscriptionState::Expired),
            },
            SubscriptionState::PastDue => ended(self.access_end(), SubscriptionState::Expired),
            SubscriptionState::Paused { .. } => self.resumed(self.resumes_at()?).end_if_followed(),
            SubscriptionState::Pending
            | SubscriptionState::Scheduled
            | SubscriptionState::Cancelled { .. }
            | SubscriptionState::CancelledAtEnd { .. }
            | SubscriptionState::Expired => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;
    use crate::samples::*;
    use crate::{
        Conversion, Instant, NextPlan, Subscription, SubscriptionState,
        SubscriptionStatus as Status,
    };
    use SubscriptionState::{Active, CancelledAtEnd, Cancelling, PastDue, Paused};
    use chrono::TimeDelta;

    /// Until 31 July, 8:00.
    fn running(state: SubscriptionState) -> Subscription {
        Subscription { state, ..held(Holding::Running) }
    }

    fn renewing() -> Subscription {
        Subscription { auto_renew: true, grace_days: 5, ..running(Active) }
    }

    /// Behind it two months of gold wait, and a month of silver.
    fn line(first: &Subscription) -> Line {
        Line::of([waiting(12, "silver", 1), first.clone(), waiting(11, "gold", 2)])
    }

    fn statuses(line: &Line, instant: &str) -> Vec<Status> {
        line.at(at(instant)).iter().map(|row| row.state.status()).collect()
    }

    #[test]
    fn each_begins_at_the_instant_at_which_the_one_before_it_ends() {
        use Status::{Expired, Scheduled};
        let line = line(&running(Active));
        for (instant, expected) in [
            ("2026-07-31T07:59:59.999999Z", [Status::Active, Scheduled, Scheduled]),
            ("2026-07-31T08:00:00Z", [Expired, Status::Active, Scheduled]),
            ("2026-09-30T07:59:59.999999Z", [Expired, Status::Active, Scheduled]),
            ("2026-09-30T08:00:00Z", [Expired, Expired, Status::Active]),
            ("2026-10-30T08:00:00Z", [Expired, Expired, Expired]),
        ] {
            assert_eq!(statuses(&line, instant), expected, "{instant}");
        }
        let rows = line.at(at("2026-10-30T08:00:00Z"));
        let periods: Vec<(Instant, Instant)> =
            rows.iter().map(|row| (row.start_date, row.end_date)).collect();
        // 31 July and two months are 30 September; from there, months are counted anew.
        let [first, second, third] =
            ["2026-07-31T08:00:00Z", "2026-09-30T08:00:00Z", "2026-10-30T08:00:00Z"].map(at);
        let start = held(Holding::Running).start_date;
        assert_eq!(periods, [(start, first), (first, second), (second, third)]);
    }

    #[test]
    fn it_makes_no_difference_how_much_of_it_is_marked() {
        let line = line(&renewing());
        let instants = ["2026-07-31T08:00:00Z", "2026-08-30T00:00:00Z", "2026-10-05T00:00:00Z"];
        for marked in instants.map(at) {
            for later in instants.map(at).into_iter().filter(|later| *later >= marked) {
                let marked = line.at(marked);
                let ended = marked.iter().filter(|row| {
                    !row.state.status().is_live() && row.state.status() != Status::Scheduled
                });
                let rest = Line::of(marked.clone()).at(later);
                let both: Vec<_> = ended.cloned().chain(rest).collect();
                assert_eq!(both, line.at(later), "{later}");
            }
        }
    }

    #[test]
    fn one_that_waits_takes_the_place_of_the_renewal_and_carries_it_on() {
        let rows = line(&renewing()).at(at("2026-09-30T08:00:00Z"));
        let [first, second, third] = rows.as_slice() else { panic!("{rows:?}") };
        let monthly = Some(NextPlan { code: "monthly".to_owned(), version: 1 });
        assert_eq!(first.state, SubscriptionState::Expired, "it has no grace");
        for row in [second, third] {
            assert_eq!((row.auto_renew, row.grace_days), (true, 5), "{row:?}");
            assert_eq!(row.next_plan, monthly, "the last one is renewed as the first");
        }
        let change = (&NextPlan { code: "monthly".to_owned(), version: 1 }, third.end_date);
        assert_eq!(third.scheduled_change(), Some(change));
        let off = Subscription { auto_renew: false, ..third.clone() };
        assert_eq!(off.scheduled_change(), Some(change), "it may be switched on again");
        let state = Cancelling { at: now() };
        let flagged = Subscription { state, ..third.clone() };
        assert_eq!(flagged.scheduled_change(), Some(change), "the flag may be taken back");
        let state = Paused { at: now(), resume_at: None };
        assert_eq!(Subscription { state, ..third.clone() }.scheduled_change(), Some(change));
        let state = CancelledAtEnd { at: now() };
        assert_eq!(Subscription { state, ..third.clone() }.scheduled_change(), None);
    }

    #[test]
    fn a_renewal_as_the_same_plan_is_no_change() {
        let rows = Line::of([renewing(), waiting(11, "monthly", 2)]).at(renewing().end_date);
        let begun = rows.last().unwrap();
        assert_eq!((begun.auto_renew, &begun.next_plan), (true, &None));
    }

    #[test]
    fn what_is_not_to_be_renewed_carries_nothing_over() {
        let asked = Cancelling { at: now() };
        let off = running(Active);
        let flagged = Subscription { state: asked, ..renewing() };
        let failed = Subscription { state: PastDue, ..renewing() };
        for (first, end) in [
            (&off, off.end_date),
            (&flagged, flagged.end_date),
            (&failed, failed.end_date + TimeDelta::days(5)),
        ] {
            let rows = line(first).at(end);
            let begun = rows.get(1).unwrap();
            assert_eq!((begun.start_date, begun.state), (end, Active));
            assert_eq!((begun.auto_renew, &begun.next_plan, begun.grace_days), (false, &None, 7));
        }
        let ended = line(&flagged).at(flagged.end_date).remove(0);
        assert_eq!(ended.state, SubscriptionState::CancelledAtEnd { at: now() });
    }

    #[test]
    fn behind_one_that_stands_still_it_begins_when_the_rest_of_the_term_is_over() {
        let resume_at = Some(at("2026-07-15T00:00:00Z"));
        let state = Paused { at: at("2026-06-15T00:00:00Z"), resume_at };
        let line = line(&Subscription { state, ..renewing() });
        // 46 days and 8 hours were left.
        let end = at("2026-08-30T08:00:00Z");
        let before = line.at(end - TimeDelta::microseconds(1));
        assert_eq!(before.first().unwrap().end_date, end);
        let rows = line.at(end);
        let begun = rows.get(1).unwrap();
        assert_eq!((begun.start_date, begun.auto_renew), (end, true));
    }

    #[test]
    fn the_end_of_a_line_is_that_of_the_last_with_the_grace_of_its_renewal() {
        let end = at("2026-10-30T08:00:00Z");
        assert_eq!(line(&running(Active)).end(), Some(end));
        assert_eq!(line(&renewing()).end(), Some(end + TimeDelta::days(5)));
        assert_eq!(Line::default().end(), None);
        let late = Subscription { end_date: at("9999-11-01T00:00:00Z"), ..running(Active) };
        assert_eq!(line(&late).end(), None);
    }

    #[test]
    fn a_row_that_is_not_in_the_line_is_told_by_itself() {
        let over = held(Holding::Ended);
        let found = Line::default().row_at(&over, now());
        assert_eq!(found.state, SubscriptionState::Expired);
        let unbegun = waiting(13, "gold", 2).cancelled(now());
        let found = line(&running(Active)).row_at(&unbegun, at("2027-01-01T00:00:00Z"));
        assert_eq!((found.has_begun(), found), (false, unbegun));
    }

    #[test]
    fn behind_a_trial_it_begins_in_the_place_of_the_first_period() {
        let end = running(Active).end_date;
        let trial = |is_payable, months| Subscription {
            state: SubscriptionState::Trialing { cancelling: None },
            auto_renew: true,
            trial_end: Some(at("2026-06-30T08:00:00Z")),
            conversion: Some(Conversion { months: 3, is_payable }),
            end_date: if months > 0 { end } else { at("2026-06-30T08:00:00Z") },
            ..running(Active)
        };
        let owed = Some(Conversion { months: 3, is_payable: true });
        for (is_payable, months, conversion, auto_renew) in [
            (true, 0, owed, true),
            (false, 0, None, false),
            // With months after it, nothing is owed for the trial.
            (true, 1, None, true),
            (false, 1, None, true),
        ] {
            let trial = trial(is_payable, months);
            let rows = line(&trial).at(trial.end_date);
            let begun = rows.get(1).unwrap();
            assert_eq!((begun.start_date, begun.state), (trial.end_date, Active));
            assert_eq!((begun.conversion, begun.auto_renew), (conversion, auto_renew));
            let longer = begun.extended(1, begun.start_date).unwrap();
            assert_eq!(longer.conversion, conversion, "it is owed later");
            assert_eq!(begun.extended(1, begun.end_date).unwrap().conversion, None);
        }
    }

    #[test]
    fn what_is_not_paid_is_not_in_the_line() {
        let pending = running(SubscriptionState::Pending);
        assert_eq!(Line::of([pending]).at(now()), []);
    }
}
