//! Whether a user is entitled to the product at an instant, and to what.

use crate::{GrantSource, Instant, Line, Subscription, SubscriptionStatus, calendar};
use chrono::Months;
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
    /// Its grants in the order in which they were given.
    pub grants: Vec<(GrantSource, u32)>,
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
    /// They were a gift.
    Gift,
    /// They were given as goodwill.
    Goodwill,
    /// They were paid for elsewhere.
    Import,
}

impl Entitlement {
    /// What a user is entitled to at `now` who has these: the newest subscription that is stored as
    /// begun, if there is one, and those that wait behind it. It looks at instants and not at what
    /// is marked, so that it is right without any worker.
    #[must_use]
    pub fn at(bases: Vec<EntitlementBasis>, now: Instant) -> Self {
        let line = Line::of(bases.iter().map(|basis| basis.subscription.clone()));
        let rows = bases.into_iter().map(|basis| {
            let subscription = line.row_at(&basis.subscription, now);
            EntitlementBasis { subscription, ..basis }
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|basis| current_last(&basis.subscription));
        let Some(EntitlementBasis { subscription, tier, features, grants }) = rows.pop() else {
            return Self { status: None, plan: None, tier: None, will_renew: false, current: None };
        };
        let status = subscription.state.status();
        let source = running_source(&subscription, &grants, now);
        let until = Line::of(line.at(now)).end().unwrap_or_else(|| subscription.access_end());
        let entitled = Entitled { features, until, source };
        let flagged = subscription.state.parts().cancel_at_period_end;
        Self {
            status: Some(status),
            plan: Some(subscription.plan),
            tier,
            will_renew: status.is_live() && subscription.auto_renew && !flagged,
            current: status.is_entitled().then_some(entitled),
        }
    }
}

/// An order in which the one that is live comes last, else the one that ended last.
fn current_last(row: &Subscription) -> (bool, bool, Instant) {
    let status = row.state.status();
    (status.is_live(), status != SubscriptionStatus::Scheduled, row.start_date)
}

/// The source of the months that cover `now`: each grant covers its months after those of the
/// grants before it. Those before the anchor are counted back from it.
fn running_source(
    subscription: &Subscription,
    grants: &[(GrantSource, u32)],
    now: Instant,
) -> Option<EntitlementSource> {
    let before_anchor = subscription.months.saturating_sub(subscription.anchor_months);
    let mut months = 0_u32;
    let covers = |(_, more): &&(GrantSource, u32)| {
        months = months.saturating_add(*more);
        let end = match months.checked_sub(before_anchor) {
            Some(after) => calendar::add_months(subscription.anchor, after),
            None => subscription.anchor.checked_sub_months(Months::new(before_anchor - months)),
        };
        end.is_some_and(|end| now < end)
    };
    // In grace it is what ran last.
    grants.iter().find(covers).or(grants.last()).map(|(source, _)| match source {
        GrantSource::Purchase | GrantSource::Renewal => EntitlementSource::Purchase,
        GrantSource::Gift(_) => EntitlementSource::Gift,
        GrantSource::Goodwill { .. } => EntitlementSource::Goodwill,
        GrantSource::Import => EntitlementSource::Import,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::*;
    use crate::{GiftId, SubscriptionState};
    use chrono::TimeDelta;

    const GIFT: GrantSource = GrantSource::Gift(GiftId::new(20));

    /// Two months from 31 May: the first bought, the second a gift.
    fn basis(kind: Holding) -> EntitlementBasis {
        EntitlementBasis {
            subscription: held(kind),
            tier: Some("standard".to_owned()),
            features: vec!["reports".to_owned()],
            grants: vec![(GrantSource::Purchase, 1), (GIFT, 1)],
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
        // After a pause the rest of both is counted back from the end that it left.
        let paused = SubscriptionState::Paused { at: now(), resume_at: None };
        let paused = Subscription { state: paused, ..held(Holding::Running) };
        let resumed = paused.resumed(now() + TimeDelta::days(10));
        for (now, source) in
            [(now() + TimeDelta::days(11), Purchase), (resumed.end_date - tick, Gift)]
        {
            let basis =
                EntitlementBasis { subscription: resumed.clone(), ..basis(Holding::Running) };
            assert_eq!(Entitlement::at(vec![basis], now).current.unwrap().source, Some(source));
        }
        let renewed =
            EntitlementBasis { grants: vec![(GrantSource::Renewal, 2)], ..basis(Holding::Running) };
        let current = Entitlement::at(vec![renewed], now()).current.unwrap();
        assert_eq!(current.source, Some(Purchase));
    }

    /// A gift of gold waits behind the one that runs.
    fn followed(kind: Holding) -> Vec<EntitlementBasis> {
        let gold = EntitlementBasis {
            subscription: waiting(11, "gold", 2),
            tier: Some("gold".to_owned()),
            features: vec!["everything".to_owned()],
            grants: vec![(GIFT, 2)],
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
}
