//! Whether a user is entitled to the product at an instant, and to what.

use crate::{
    GrantSource, Instant, Line, Slice, Subscription, SubscriptionState, SubscriptionStatus,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A subscription of a user, with what tells what it entitles to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntitlementBasis {
    /// The subscription.
    pub subscription: Subscription,
    /// The tier of its plan, if the client has the plan.
    pub tier: Option<String>,
    /// The features of its plan.
    pub features: Vec<String>,
    /// The price of the version of a plan that it is renewed as, in the smallest unit.
    pub price: u64,
    /// Whether the user has a payment method that is charged.
    pub has_method: bool,
    /// Its grants in the order in which they were given, with the time that they cover.
    pub grants: Vec<(GrantSource, Option<Slice>)>,
}

/// What a user is entitled to at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// The status of the subscription; none if there never was one.
    pub status: Option<SubscriptionStatus>,
    /// The code of its plan.
    pub plan: Option<String>,
    /// The tier of its plan.
    pub tier: Option<String>,
    /// Whether the subscription is renewed by itself.
    pub will_renew: bool,
    /// What the user is entitled to now, if to anything.
    pub current: Option<Entitled>,
}

/// What a user is entitled to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitled {
    /// The features of the plan.
    pub features: Vec<String>,
    /// The instant from which it is no more, if nothing happens.
    pub until: Instant,
    /// The source of the months that run now.
    pub source: Option<EntitlementSource>,
}

/// The source of the months that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntitlementSource {
    /// They were bought, or bought as a renewal.
    Purchase,
    /// They cost nothing, to try.
    Trial,
    /// They were a gift.
    Gift,
    /// They were given as goodwill.
    Goodwill,
    /// They were paid for elsewhere.
    Import,
}

impl Entitlement {
    /// What a user is entitled to at `now` who has these: the subscription that is stored as live,
    /// or began last, or never began, if there is one, and those that wait behind it. It looks at
    /// instants and not at what is marked, so that it is right without any worker.
    #[must_use]
    pub fn at(bases: Vec<EntitlementBasis>, now: Instant) -> Self {
        let line = Line::of(bases.iter().map(|basis| basis.subscription.clone()));
        let last = Line::of(line.at(now)).last();
        let last_until = last.map(|last| until(&last, renewal_price(&bases, &last), now));
        let rows = bases.into_iter().map(|basis| {
            let row = line.row_at(&basis.subscription, now);
            (row, basis)
        });
        let current = rows.max_by_key(|(row, _)| current_last(row));
        let Some((row, found)) = current else {
            return Self { status: None, plan: None, tier: None, will_renew: false, current: None };
        };
        let status = row.state.status();
        let source = running_source(&found, now);
        let until = last_until.unwrap_or_else(|| until(&row, found.price, now));
        let will_renew = will_renew(&row, found.has_method);
        let entitled = Entitled { features: found.features, until, source };
        Self {
            status: Some(status),
            plan: Some(row.plan),
            tier: found.tier,
            will_renew,
            current: status.is_entitled().then_some(entitled),
        }
    }
}

/// An order in which the one that is live comes last, else the one that ended last.
fn current_last(row: &Subscription) -> (bool, bool, Instant) {
    let status = row.state.status();
    (status.is_live(), status != SubscriptionStatus::Scheduled, row.start_date)
}

/// Whether it is renewed by itself, or is a trial, or has taken one over, and there is a method to
/// pay what follows: also where months that are there follow first.
fn will_renew(row: &Subscription, has_method: bool) -> bool {
    let is_flagged = row.state.parts().cancel_at_period_end;
    let has_first = row.state.status().is_trialing() || row.conversion.is_some();
    row.state.status().is_live() && !is_flagged && (row.auto_renew || has_first && has_method)
}

/// The price of the renewal of `last`, which may have taken the renewal of another one over.
fn renewal_price(bases: &[EntitlementBasis], last: &Subscription) -> u64 {
    let renewed_as = last.renewed_as();
    let same = bases.iter().find(|basis| basis.subscription.renewed_as() == renewed_as);
    same.map_or(0, |basis| basis.price)
}

/// The instant from which the last subscription of a user does not entitle any more if nothing
/// happens. Grace is counted only if a charge will be tried.
fn until(last: &Subscription, price: u64, now: Instant) -> Instant {
    let after = last.after_trial();
    let is_charged = after.state == SubscriptionState::Active && after.is_renewed() && price > 0;
    match last.end_date {
        end if end <= now => last.access_end(),
        _ if is_charged => after.grace_end(),
        end => end,
    }
}

/// The source of the grant that covers `now`; in grace, of the last one.
fn running_source(basis: &EntitlementBasis, now: Instant) -> Option<EntitlementSource> {
    let covers = |(_, slice): &&(GrantSource, Option<Slice>)| {
        slice.is_some_and(|slice| basis.since_pause(slice, now).covers(now))
    };
    // One that began by itself, and is not marked, has a grant that says nothing.
    let end = |(_, slice): &&(GrantSource, Option<Slice>)| slice.map(|slice| slice.end);
    let ended_last = || basis.grants.iter().max_by_key(end);
    let running = basis.grants.iter().find(covers).or_else(ended_last);
    running.map(|(source, _)| EntitlementSource::of(source))
}

impl EntitlementBasis {
    /// What a grant covers at `now`: if the subscription has gone on by itself after a pause, and
    /// that is not marked, what had not ended before it moves by it.
    fn since_pause(&self, slice: Slice, now: Instant) -> Slice {
        let resumed_at = self.subscription.resumes_at().filter(|at| *at <= now);
        match (self.subscription.state, resumed_at) {
            (SubscriptionState::Paused { at, .. }, Some(resumed_at)) if at < slice.end => {
                slice.moved(resumed_at - at)
            }
            _ => slice,
        }
    }
}

impl EntitlementSource {
    const fn of(source: &GrantSource) -> Self {
        match source {
            GrantSource::Purchase | GrantSource::Renewal | GrantSource::Change => Self::Purchase,
            GrantSource::Trial => Self::Trial,
            GrantSource::Gift(_) => Self::Gift,
            GrantSource::Goodwill { .. } => Self::Goodwill,
            GrantSource::Import => Self::Import,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::*;
    use crate::{GiftId, SubscriptionState};
    use chrono::TimeDelta;

    const GIFT: GrantSource = GrantSource::Gift(GiftId::new(20));

    fn slice(start: &str, end: &str) -> Slice {
        Slice { start: at(start), end: at(end) }
    }

    /// Two months from 31 May: the first bought, the second a gift.
    fn basis(kind: Holding) -> EntitlementBasis {
        EntitlementBasis {
            subscription: held(kind),
            tier: Some("standard".to_owned()),
            features: vec!["reports".to_owned()],
            price: 500,
            has_method: true,
            grants: vec![
                (
                    GrantSource::Purchase,
                    Some(slice("2026-05-31T08:00:00Z", "2026-06-30T08:00:00Z")),
                ),
                (GIFT, Some(slice("2026-06-30T08:00:00Z", "2026-07-31T08:00:00Z"))),
            ],
        }
    }

    fn at_instant(kind: Holding, now: Instant) -> Entitlement {
        Entitlement::at(vec![basis(kind)], now)
    }

    #[test]
    fn who_never_subscribed_is_entitled_to_nothing() {
        let nothing =
            Entitlement { status: None, plan: None, tier: None, will_renew: false, current: None };
        assert_eq!(Entitlement::at(Vec::new(), now()), nothing);
    }

    #[test]
    fn only_a_subscription_that_runs_entitles_and_the_others_say_what_there_was() {
        for kind in Holding::ALL {
            let found = at_instant(kind, now());
            assert_eq!(found.status, Some(held(kind).effective_status(now())), "{kind:?}");
            assert_eq!(found.plan.as_deref(), Some("monthly"));
            assert_eq!(found.tier.as_deref(), Some("standard"));
            let runs = !matches!(kind, Holding::Ended | Holding::Cancelled | Holding::Expired);
            let entitled = runs.then(|| Entitled {
                features: vec!["reports".to_owned()],
                until: at("2026-07-31T08:00:00Z"),
                source: Some(EntitlementSource::Purchase),
            });
            assert_eq!(found.current, entitled, "{kind:?}");
        }
    }

    #[test]
    fn it_ends_at_the_instant_of_the_end_whether_or_not_that_is_marked() {
        let end = held(Holding::Running).end_date;
        let tick = TimeDelta::microseconds(1);
        assert!(at_instant(Holding::Running, end - tick).current.is_some());
        let ended = at_instant(Holding::Running, end);
        assert_eq!((ended.status, ended.current), (Some(SubscriptionStatus::Expired), None));
    }

    #[test]
    fn the_source_is_that_of_the_months_that_run() {
        use EntitlementSource::{Gift, Purchase};
        let tick = TimeDelta::microseconds(1);
        // One month after 31 May is 30 June.
        let first_end = at("2026-06-30T08:00:00Z");
        for (now, source) in [
            (held(Holding::Running).start_date, Purchase),
            (first_end - tick, Purchase),
            (first_end, Gift),
            (held(Holding::Running).end_date - tick, Gift),
        ] {
            let current = at_instant(Holding::Running, now).current.unwrap();
            assert_eq!(current.source, Some(source), "{now}");
        }
        // After a pause of ten days that nobody has marked as over, all comes ten days later.
        let resume_at = Some(now() + TimeDelta::days(10));
        let paused = SubscriptionState::Paused { at: now(), resume_at };
        let subscription = Subscription { state: paused, ..held(Holding::Running) };
        let basis_after = EntitlementBasis { subscription, ..basis(Holding::Running) };
        for (now, source) in [
            (first_end + TimeDelta::days(10) - tick, Purchase),
            (first_end + TimeDelta::days(10), Gift),
        ] {
            let found = Entitlement::at(vec![basis_after.clone()], now);
            assert_eq!(found.current.unwrap().source, Some(source));
        }
        let grants = vec![(
            GrantSource::Renewal,
            Some(slice("2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z")),
        )];
        let renewed = EntitlementBasis { grants, ..basis(Holding::Running) };
        let current = Entitlement::at(vec![renewed], now()).current.unwrap();
        assert_eq!(current.source, Some(Purchase));
    }

    /// A gift of gold waits behind the one that runs.
    fn followed(kind: Holding) -> Vec<EntitlementBasis> {
        let gold = EntitlementBasis {
            subscription: waiting(11, "gold", 2),
            tier: Some("gold".to_owned()),
            features: vec!["everything".to_owned()],
            price: 900,
            has_method: true,
            grants: vec![(GIFT, None)],
        };
        vec![basis(kind), gold]
    }

    #[test]
    fn it_goes_on_through_what_waits_and_is_that_when_it_has_begun() {
        let running = held(Holding::Running);
        let until = at("2026-09-30T08:00:00Z");
        let tick = TimeDelta::microseconds(1);
        for (now, plan, features, source) in [
            (now(), "monthly", "reports", EntitlementSource::Purchase),
            (running.end_date - tick, "monthly", "reports", EntitlementSource::Gift),
            (running.end_date, "gold", "everything", EntitlementSource::Gift),
            (until - tick, "gold", "everything", EntitlementSource::Gift),
        ] {
            let mut bases = followed(Holding::Running);
            for _ in 0..2 {
                let found = Entitlement::at(bases.clone(), now);
                assert_eq!(found.plan.as_deref(), Some(plan), "{now}");
                let (features, source) = (vec![features.to_owned()], Some(source));
                assert_eq!(found.current, Some(Entitled { features, until, source }));
                bases.reverse();
            }
        }
        let over = Entitlement::at(followed(Holding::Running), until);
        assert_eq!((over.status, over.current), (Some(SubscriptionStatus::Expired), None));
        assert_eq!(over.plan.as_deref(), Some("gold"));
    }

    #[test]
    fn a_renewal_that_is_carried_over_is_counted_with_its_grace() {
        let mut bases = followed(Holding::Running);
        for basis in &mut bases {
            basis.subscription.auto_renew = basis.subscription.has_begun();
        }
        for now in [now(), held(Holding::Running).end_date] {
            let found = Entitlement::at(bases.clone(), now);
            assert!(found.will_renew, "{now}");
            assert_eq!(found.current.unwrap().until, at("2026-10-07T08:00:00Z"));
        }
    }

    #[test]
    fn what_waits_behind_one_that_stands_still_does_not_entitle() {
        let mut bases = followed(Holding::Running);
        for basis in bases.iter_mut().take(1) {
            basis.subscription.state = SubscriptionState::Paused { at: now(), resume_at: None };
        }
        let found = Entitlement::at(bases, now());
        assert_eq!((found.status, found.current), (Some(SubscriptionStatus::Paused), None));
    }

    /// Alice's monthly subscription, renewed by itself, at that price.
    fn renewing(price: u64, grace_days: u32) -> EntitlementBasis {
        let subscription = Subscription { auto_renew: true, grace_days, ..held(Holding::Running) };
        EntitlementBasis { subscription, price, ..basis(Holding::Running) }
    }

    #[test]
    fn grace_counts_only_if_a_charge_will_be_tried() {
        let end = held(Holding::Running).end_date;
        let tick = TimeDelta::microseconds(1);
        let asked = SubscriptionState::Cancelling { at: now() };
        for (price, grace_days, state, now, until, renews) in [
            (500, 7, SubscriptionState::Active, now(), end + TimeDelta::days(7), true),
            (500, 0, SubscriptionState::Active, end - tick, end, true),
            (500, 0, SubscriptionState::Active, end, end + TimeDelta::hours(1), true),
            (500, 7, SubscriptionState::Active, end, end + TimeDelta::days(7), true),
            (500, 7, SubscriptionState::PastDue, end, end + TimeDelta::days(7), true),
            (0, 7, SubscriptionState::Active, end - tick, end, true),
            (500, 7, asked, now(), end, false),
        ] {
            let mut basis = renewing(price, grace_days);
            basis.subscription.state = state;
            let found = Entitlement::at(vec![basis], now);
            assert_eq!(found.current.unwrap().until, until, "{price} {grace_days} {state:?}");
            assert_eq!(found.will_renew, renews);
        }
    }

    /// A trial that ends at the end of July.
    fn trial(has_method: bool, cancelling: Option<Instant>) -> EntitlementBasis {
        let running = held(Holding::Running);
        let subscription = Subscription {
            state: SubscriptionState::Trialing { cancelling },
            trial_end: Some(running.end_date),
            anchor: running.end_date,
            anchor_months: 0,
            conversion: Some(crate::Conversion { months: 1, is_payable: has_method }),
            ..running
        };
        let grants =
            vec![(GrantSource::Trial, Some(slice("2026-05-31T08:00:00Z", "2026-07-31T08:00:00Z")))];
        EntitlementBasis { subscription, has_method, grants, ..basis(Holding::Running) }
    }

    #[test]
    fn a_trial_goes_on_for_its_grace_only_if_it_can_be_paid() {
        let end = held(Holding::Running).end_date;
        for (has_method, cancelling, until, renews) in [
            (true, None, end + TimeDelta::days(7), true),
            (false, None, end, false),
            (true, Some(now()), end, false),
        ] {
            let found = Entitlement::at(vec![trial(has_method, cancelling)], now());
            let source = Some(EntitlementSource::Trial);
            let current = found.current.unwrap();
            assert_eq!((current.until, current.source), (until, source), "{has_method}");
            assert_eq!(found.status, Some(SubscriptionStatus::Trialing));
            assert_eq!(found.will_renew, renews);
        }
    }

    #[test]
    fn a_trial_with_a_method_will_renew_though_months_are_behind_it() {
        for (has_method, cancelling, renews) in
            [(true, None, true), (false, None, false), (true, Some(now()), false)]
        {
            let mut basis = trial(has_method, cancelling);
            basis.subscription.trial_end = Some(now() + TimeDelta::days(1));
            let found = Entitlement::at(vec![basis.clone()], now());
            let end = basis.subscription.end_date;
            assert_eq!((found.will_renew, found.current.unwrap().until), (renews, end));
        }
    }

    #[test]
    fn what_is_not_paid_does_not_entitle() {
        let open = crate::OpenPayment {
            id: crate::PaymentId::new(30),
            until: now() + TimeDelta::hours(23),
        };
        let subscription = Subscription {
            state: SubscriptionState::Pending,
            end_date: held(Holding::Running).start_date,
            open_payment: Some(open),
            ..held(Holding::Running)
        };
        let basis = EntitlementBasis { subscription, ..basis(Holding::Running) };
        for (now, status) in
            [(now(), SubscriptionStatus::Pending), (open.until, SubscriptionStatus::Expired)]
        {
            let found = Entitlement::at(vec![basis.clone()], now);
            assert_eq!((found.status, found.current), (Some(status), None));
        }
    }
}
