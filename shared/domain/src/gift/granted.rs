//! Where the months of a redeemed gift go.

use crate::decide::Decider;
use crate::{
    Change, Currency, Gift, GrantId, GrantSource, Line, NewGrant, OpenPayment, Payment, Purpose,
    Refusal, Slice, Subscription, SubscriptionId, SubscriptionStatus, User,
};

/// The changed rows, and the subscription that has the months.
type Granted = Result<(Vec<Change>, Subscription), Refusal>;

/// Gives the months of a gift to the subscription of its recipient, or to a new one of that id.
pub(super) fn grant_months(
    decider: &Decider<'_>,
    gift: &Gift,
    recipient: &User,
    (id, grant): (SubscriptionId, GrantId),
) -> Granted {
    let (now, owner) = (decider.context.now, (recipient.id, recipient.client));
    let new = Subscription::scheduled(id, owner, gift.sold(), gift.months, now);
    let worth = gift.worth();
    let source = NewGrant { id: grant, source: GrantSource::Gift(gift.id), worth };
    match decider.working_set.live(recipient.id, now) {
        None => {
            let begun = new.begun(now)?;
            Ok(decider.start(begun, source))
        }
        Some(live) if live.state.status() == SubscriptionStatus::Paused => {
            scheduled(decider, new, &live, source)
        }
        Some(live) if is_more_of_it(decider, &live, gift) => {
            decider.extend(&made_good(decider, live), gift.months, source)
        }
        // Its term is over, and it goes on only because its renewal is tried or has failed.
        Some(live) if live.end_date <= now => replaced(decider, new, &live, source),
        Some(live) => scheduled(decider, new, &live, source),
    }
}

/// Whether the gift is more of what the user has, and of what the user is about to buy in its
/// place.
fn is_more_of_it(decider: &Decider<'_>, live: &Subscription, gift: &Gift) -> bool {
    let bought = decider.open_payment(live).filter(|payment| {
        let changes_plan = matches!(payment.purpose, Purpose::ChangePlan { .. });
        changes_plan && payment.settled_at.is_none() && decider.waits_for(live, payment.id)
    });
    is_same_tier(decider, &live.plan, gift)
        && bought.is_none_or(|payment| is_same_tier(decider, &payment.plan, gift))
        && is_same_currency(decider, live, gift)
}

/// A plan that the client does not have has no tier that could be another.
fn is_same_tier(decider: &Decider<'_>, plan: &str, gift: &Gift) -> bool {
    let tier = |plan: &str| decider.working_set.tier(gift.client, plan);
    match (tier(plan), tier(&gift.plan)) {
        (Some(had), Some(given)) => had == given,
        _ => true,
    }
}

/// Whether nothing that is paid in another currency would stand beside it. Where nothing is paid,
/// and the plan costs nothing either, the currency counts in which the user has paid.
fn is_same_currency(decider: &Decider<'_>, live: &Subscription, gift: &Gift) -> bool {
    let Some(currency) = gift.worth().map(|worth| worth.currency) else { return true };
    let mut in_use: Vec<Currency> = decider.currencies_of(live).collect();
    if in_use.is_empty() {
        let user = decider.working_set.user(live.client, live.user);
        in_use.extend(user.and_then(|user| user.currency));
    }
    in_use.iter().all(|other| *other == currency)
}

/// A subscription that waits for its renewal no longer, because a gift counts as the payment.
fn made_good(decider: &Decider<'_>, live: Subscription) -> Subscription {
    let is_renewal = |payment: &&Payment| matches!(payment.purpose, Purpose::Renewal { .. });
    match decider.open_payment(&live).filter(is_renewal) {
        Some(_) => live.without_payment(),
        None => live,
    }
}

/// It begins when `live` ends, and those that wait already.
fn scheduled(
    decider: &Decider<'_>,
    new: Subscription,
    live: &Subscription,
    grant: NewGrant,
) -> Granted {
    let before = [live.clone()].into_iter().chain(decider.waiting(live.user));
    Line::of(before.chain([new.clone()])).end().ok_or(Refusal::TermTooLong)?;
    let granted = Change::Grant(decider.grant(new.id, grant, new.months, None));
    Ok((vec![Change::Subscription(new.clone()), granted], new))
}

/// `live` ends, and it begins at once.
fn replaced(
    decider: &Decider<'_>,
    new: Subscription,
    live: &Subscription,
    grant: NewGrant,
) -> Granted {
    let now = decider.context.now;
    let begun = new.begun_after(live, now)?;
    let slice = Slice { start: begun.start_date, end: begun.end_date };
    let granted = decider.grant(begun.id, grant, begun.months, Some(slice));
    let begun = begun.with_grant(&granted);
    // It waits for no payment either: see `LapsePayment`, which is due at once.
    let open_payment = live.open_payment.map(|open| OpenPayment { until: now, ..open });
    let ended = Subscription { open_payment, ..live.expired(now) };
    let mut changes = decider.with_marks(&ended);
    changes.extend([Change::Subscription(begun.clone()), Change::Grant(granted)]);
    Ok((changes, begun))
}

#[cfg(test)]
mod tests {
    use crate::samples::*;
    use crate::{
        Account, Change, ChangeOfPlan, Conversion, Decision, Entity, Gift, GiftState, Grant,
        GrantSource, Instant, Money, NextPlan, OpenPayment, PaymentPhase, Purpose, Refusal, Slice,
        Subscription, SubscriptionId, SubscriptionState, Terms, WorkingSet,
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
        let slice = Slice { start: now(), end: now() };
        let granted = grant(new.id, SOURCE, 3, slice);
        let granted = Change::Grant(Grant { granted_at: new.updated_at, slice: None, ..granted });
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

    fn worth(code: &str) -> Gift {
        Gift { value: 900, currency: Some(usd()), payment: Some(PAID), ..given(code) }
    }

    #[test]
    fn what_was_paid_for_a_gift_is_deferred_when_it_is_redeemed() {
        for (code, extends) in [("monthly", true), ("gold", false)] {
            let mut set = rows(&running(Active), code);
            set.apply(Change::Gift(worth(code)));
            let decision = redeemed(&set, now());
            let moved = [(Account::Gift(SENT), Account::Deferred, 900)];
            assert_eq!(transfers(&decision.changes), moved);
            let after = after(&set, &decision);
            let grant = after.grants().next().unwrap();
            assert_eq!(
                (grant.value, grant.payment, grant.currency),
                (900, Some(PAID), Some(usd()))
            );
            assert_eq!(grant.slice.is_some(), extends);
            let next = subscription_of(&decision).recognise_at;
            assert_eq!(next, extends.then(|| at("2026-10-31T08:00:00Z")));
        }
    }

    #[test]
    fn what_would_stand_beside_another_currency_waits() {
        let in_euros = crate::User { currency: Some(eur()), ..payer(0) };
        let slice = Slice { start: now(), end: at("2026-07-31T08:00:00Z") };
        let paid = Grant {
            value: 5,
            currency: Some(eur()),
            ..grant(HELD, GrantSource::Purchase, 1, slice)
        };
        for other in [
            Change::ChangedUser(in_euros),
            Change::Grant(Grant { id: crate::GrantId::new(1), ..paid }),
        ] {
            let mut set = rows(&running(Active), "monthly");
            set.apply(Change::Gift(worth("monthly")));
            set.apply(other.clone());
            assert_eq!(subscription_of(&redeemed(&set, now())).state, Scheduled);
            // A gift that cost nothing has no currency.
            let mut free = rows(&running(Active), "monthly");
            free.apply(other);
            assert_eq!(subscription_of(&redeemed(&free, now())).months, 5);
        }
    }

    /// Nothing may be paid for a trial, an import or goodwill, and a gift of another currency may
    /// run.
    #[test]
    fn the_currency_of_what_runs_is_that_of_its_plan_and_not_that_of_the_user() {
        let terms = |currency| {
            let price = Money { amount: 900, currency };
            Terms { price, ..priced("monthly", 900).terms }
        };
        for (of_plan, of_user, state) in [
            (eur(), None, Scheduled),
            (eur(), Some(usd()), Scheduled),
            (usd(), Some(eur()), Active),
        ] {
            let mut set = rows(&running(Active), "monthly");
            set.apply(Change::Gift(worth("monthly")));
            set.apply(Change::ChangedUser(crate::User { currency: of_user, ..payer(0) }));
            set.add_terms(HELD, terms(of_plan));
            let found = redeemed(&set, now());
            assert_eq!(subscription_of(&found).state, state, "{of_plan:?} {of_user:?}");
        }
    }

    #[test]
    fn it_is_compared_with_the_plan_that_is_being_bought_too() {
        let change = ChangeOfPlan {
            at: now(),
            last_grant: None,
            waived: 0,
            grace_days: 7,
            grants: Vec::new(),
            period: None,
            conversion_months: None,
        };
        let purpose = Purpose::ChangePlan { subscription: HELD, change };
        let payment = crate::Payment { plan: "gold".to_owned(), ..sent_payment(purpose, 500, 0) };
        let found = Subscription { open_payment: open(), ..running(Active) };
        for code in ["monthly", "gold"] {
            let mut set = rows(&found, code);
            set.apply(Change::Payment(payment.clone()));
            assert_eq!(subscription_of(&redeemed(&set, now())).state, Scheduled, "{code}");
        }
        let failed = payment.ended(PaymentPhase::Cancelled, now());
        let mut set = rows(&found, "monthly");
        set.apply(Change::Payment(failed));
        assert_eq!(subscription_of(&redeemed(&set, now())).months, 5);
    }

    #[test]
    fn a_gift_counts_as_the_payment_of_a_renewal_that_is_being_tried() {
        let end_date = held(Holding::Running).end_date;
        let purpose = Purpose::Renewal { subscription: HELD, end_date, attempt: 1, months: 1 };
        let late = end_date + TimeDelta::hours(3);
        let found = Subscription {
            auto_renew: true,
            attempts: 1,
            open_payment: Some(OpenPayment { id: PAID, until: end_date + TimeDelta::days(7) }),
            ..running(Active)
        };
        let mut set = rows(&found, "monthly");
        set.apply(Change::Payment(sent_payment(purpose, 500, 0)));
        set.apply(Change::Gift(Gift { expires_at: late + TimeDelta::days(1), ..given("monthly") }));
        let decision = redeemed(&set, late);
        let made_good = subscription_of(&decision);
        assert_eq!((made_good.state, made_good.attempts), (Active, 0));
        assert_eq!(made_good.open_payment, None, "what succeeds later is paid back");
    }

    #[test]
    fn a_trial_goes_on_and_its_first_period_is_there_already() {
        let end = at("2026-06-30T00:00:00Z");
        let trialing = Subscription {
            state: SubscriptionState::Trialing { cancelling: None },
            months: 0,
            anchor: end,
            anchor_months: 0,
            end_date: end,
            trial_end: Some(end),
            conversion: Some(Conversion { months: 1, is_payable: true }),
            ..held(Holding::Running)
        };
        let decision = redeemed(&rows(&trialing, "monthly"), now());
        let longer = subscription_of(&decision);
        assert_eq!((longer.state, longer.trial_end), (trialing.state, Some(end)));
        assert_eq!(longer.end_date, at("2026-09-30T00:00:00Z"));
        assert_eq!(longer.after_trial().conversion, None, "nothing is charged at its end");
    }
}
