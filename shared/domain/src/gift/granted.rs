//! Where the months of a redeemed gift go.

use crate::decide::Decider;
use crate::{
    Change, Gift, GrantSource, Line, Refusal, Subscription, SubscriptionId, SubscriptionStatus,
    User,
};

/// The changed rows, and the subscription that has the months.
type Granted = Result<(Vec<Change>, Subscription), Refusal>;

/// Gives the months of a gift to the subscription of its recipient, or to a new one of that id.
pub(super) fn grant_months(
    decider: &Decider<'_>,
    gift: &Gift,
    recipient: &User,
    id: SubscriptionId,
) -> Granted {
    let (now, owner) = (decider.context.now, (recipient.id, recipient.client));
    let new = Subscription::scheduled(id, owner, gift.sold(), gift.months, now);
    let source = GrantSource::Gift(gift.id);
    match decider.working_set.live(recipient.id, now) {
        None => {
            let begun = new.begun(now)?;
            Ok((decider.start(&begun, source), begun))
        }
        Some(live) if live.state.status() == SubscriptionStatus::Paused => {
            scheduled(decider, new, &live, source)
        }
        Some(live) if is_same_tier(decider, &live, gift) => {
            decider.extend(&live, gift.months, source)
        }
        // Its term is over, and it goes on only because its renewal is tried or has failed.
        Some(live) if live.end_date <= now => replaced(decider, new, &live, source),
        Some(live) => scheduled(decider, new, &live, source),
    }
}

/// Whether the gift is more of what the user has. A plan that the client does not have has no tier
/// that could be another.
fn is_same_tier(decider: &Decider<'_>, live: &Subscription, gift: &Gift) -> bool {
    let tier = |plan: &str| decider.working_set.tier(gift.client, plan);
    match (tier(&live.plan), tier(&gift.plan)) {
        (Some(live), Some(given)) => live == given,
        _ => true,
    }
}

/// It begins when `live` ends, and those that wait already.
fn scheduled(
    decider: &Decider<'_>,
    new: Subscription,
    live: &Subscription,
    source: GrantSource,
) -> Granted {
    let before = [live.clone()].into_iter().chain(decider.waiting(live.user));
    Line::of(before.chain([new.clone()])).end().ok_or(Refusal::TermTooLong)?;
    let granted = Change::Grant(decider.grant(new.id, source, new.months));
    Ok((vec![Change::Subscription(new.clone()), granted], new))
}

/// `live` ends, and it begins at once.
fn replaced(
    decider: &Decider<'_>,
    new: Subscription,
    live: &Subscription,
    source: GrantSource,
) -> Granted {
    let now = decider.context.now;
    let begun = new.begun_after(live, now)?;
    let granted = Change::Grant(decider.grant(begun.id, source, begun.months));
    let mut changes = decider.with_marks(&live.expired(now));
    changes.extend([Change::Subscription(begun.clone()), granted]);
    Ok((changes, begun))
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Change, Decision, Entity, Gift, GiftState, GrantSource, Instant, NextPlan, Refusal,
        Subscription, SubscriptionId, SubscriptionState, WorkingSet,
    };
    use SubscriptionState::{Active, Cancelling, Expired, PastDue, Paused, Scheduled};
    use chrono::TimeDelta;

    const SOURCE: GrantSource = GrantSource::Gift(SENT);

    /// A gift of three months of that plan.
    fn given(code: &str) -> Gift {
        Gift { plan: code.to_owned(), ..sent(Sent::Pending) }
    }

    /// Alice has a monthly subscription in that state, and is given that plan.
    fn rows(running: &Subscription, code: &str) -> WorkingSet {
        let gold = Change::Plan(plan_of_tier("gold"));
        working_set([Change::Subscription(running.clone()), Change::Gift(given(code)), gold])
    }

    fn running(state: SubscriptionState) -> Subscription {
        Subscription { state, ..held(Holding::Running) }
    }

    fn redeemed(rows: &WorkingSet, now: Instant) -> Decision {
        decided_at(rows, redeem(SENT, ALICE), now)
    }

    /// The redemption that changes these rows before it grants the months and marks the gift.
    fn expected(before: Vec<Change>, new: &Subscription, code: &str) -> Decision {
        let gift = Gift {
            state: GiftState::Redeemed { recipient: ALICE, at: new.updated_at },
            ..given(code)
        };
        let subscription = new.clone();
        let granted = grant(new.id, SOURCE, 3);
        let granted = Change::Grant(crate::Grant { granted_at: new.updated_at, ..granted });
        let made =
            [Change::Subscription(subscription.clone()), granted, Change::Gift(gift.clone())];
        let changes = before.into_iter().chain(made).collect();
        changed(ALICE, Entity::Redemption { gift, subscription }, changes)
    }

    fn scheduled(code: &str, now: Instant) -> Subscription {
        let owner = (ALICE, SHOP);
        let id = SubscriptionId::new(NEW);
        Subscription::scheduled(id, owner, given(code).sold(), 3, now)
    }

    #[test]
    fn the_same_tier_extends_what_runs_and_another_waits_for_its_end() {
        let asked = at("2026-06-12T00:00:00Z");
        for state in [Active, Cancelling { at: asked }] {
            let found = running(state);
            for code in ["monthly", "yearly"] {
                let longer = extended(&found, 5, at("2026-10-31T08:00:00Z"));
                let decision = redeemed(&rows(&found, code), now());
                assert_eq!(subscription_of(&decision), &longer, "a flag stays");
            }
            let decision = redeemed(&rows(&found, "gold"), now());
            assert_eq!(decision, expected(vec![], &scheduled("gold", now()), "gold"));
        }
    }

    #[test]
    fn behind_one_that_stands_still_every_gift_waits() {
        let found = running(Paused { at: at("2026-06-12T00:00:00Z"), resume_at: None });
        for code in ["monthly", "gold"] {
            let decision = redeemed(&rows(&found, code), now());
            assert_eq!(decision, expected(vec![], &scheduled(code, now()), code));
        }
    }

    #[test]
    fn a_failed_renewal_is_made_good_by_the_same_tier_and_ended_by_another() {
        let failed = Subscription { auto_renew: true, ..running(PastDue) };
        let late = failed.end_date + TimeDelta::days(3);
        let decision = redeemed(&rows(&failed, "monthly"), at("2026-06-30T00:00:00Z"));
        let made_good = subscription_of(&decision);
        assert_eq!((made_good.state, made_good.months), (Active, 5));
        assert_eq!(made_good.end_date, at("2026-10-31T08:00:00Z"), "from the old anchor");

        let mut set = rows(&failed, "gold");
        set.apply(Change::Gift(Gift { expires_at: late + TimeDelta::days(1), ..given("gold") }));
        let decision = redeemed(&set, late);
        let begun = scheduled("gold", late).begun(late).unwrap();
        let ended = Subscription { state: Expired, updated_at: late, ..failed };
        assert_eq!(decision.changes.first(), Some(&Change::Subscription(ended)));
        assert_eq!(subscription_of(&decision), &begun, "nothing of the renewal is left");
    }

    /// The renewal has not failed, and is carried over.
    #[test]
    fn in_the_hour_in_which_a_renewal_is_tried_another_tier_begins_in_its_place() {
        let found = Subscription { auto_renew: true, grace_days: 5, ..running(Active) };
        let late = found.end_date + TimeDelta::minutes(30);
        let mut set = rows(&found, "gold");
        set.apply(Change::Gift(Gift { expires_at: late + TimeDelta::days(1), ..given("gold") }));
        let decision = redeemed(&set, late);
        let next_plan = Some(NextPlan { code: "monthly".to_owned(), version: 1 });
        let begun = scheduled("gold", late).begun(late).unwrap();
        let begun = Subscription { auto_renew: true, next_plan, grace_days: 5, ..begun };
        assert_eq!(subscription_of(&decision), &begun);
    }

    #[test]
    fn several_gifts_of_other_tiers_wait_one_behind_the_other() {
        let mut set = rows(&running(Active), "gold");
        set.apply(Change::Subscription(waiting(11, "gold", 2)));
        let decision = redeemed(&set, now());
        assert_eq!(decision, expected(vec![], &scheduled("gold", now()), "gold"));
        decision.changes.into_iter().for_each(|change| set.apply(change));
        let line = set.line(ALICE).at(now());
        let ids: Vec<i64> = line.iter().map(|row| row.id.get()).collect();
        assert_eq!(ids, [HELD.get(), 11, NEW]);
        assert_eq!(line.last().unwrap().state, Scheduled);
    }

    #[test]
    fn a_gift_that_would_end_beyond_the_year_9999_is_not_consumed() {
        let end = at("9999-10-31T08:00:00Z");
        let found = Subscription { end_date: end, ..running(Active) };
        let mut set = rows(&found, "gold");
        let decision = redeemed(&set, now());
        assert_eq!(decision, refused(ALICE, Refusal::TermTooLong));
        set.apply(Change::Gift(Gift { months: 2, ..given("gold") }));
        assert!(redeemed(&set, now()).outcome.success().is_some());
    }

    #[test]
    fn a_plan_without_a_tier_takes_any_gift() {
        let unknown = Subscription { plan: "discontinued".to_owned(), ..running(Active) };
        let decision = redeemed(&rows(&unknown, "gold"), now());
        assert_eq!(subscription_of(&decision).months, 5);
    }
}
