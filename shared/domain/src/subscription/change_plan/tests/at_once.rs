//! What a change of plan costs that is made at once.

use super::{
    ChangeTime, GRANT, asked, bought, change, changed, gold, goodwill, grants, half, july, june,
    june_of_gold, one_month, paid, rows, slice, sold,
};
use crate::samples::*;
use crate::{
    Account, Change, Currency, Entity, Grant, GrantId, GrantSource, Interval, Money, OpenPayment,
    Outcome, Payment, PaymentId, PaymentPhase, Plan, Provider, Purpose, Subscription, Terms, User,
};
use Account::{Cash, Deferred, Revenue};
use ChangeTime::{Auto, Now};
use chrono::TimeDelta;

#[test]
fn the_difference_is_charged_and_the_end_stays() {
    let before = june_of_gold(0);
    let found = changed(&before, "platinum", Auto);
    assert_eq!((found.outcome.clone(), kinds(&found.effects)), (Outcome::Pending, vec!["charge"]));
    // Half of 60 costs 30; half of 30 is left.
    assert_eq!((asked(&found).amount, asked(&found).cash), (1_500, 1_500));
    let rows = after(&before, &found);
    let waiting = row(&rows, HELD);
    let open = OpenPayment { id: asked(&found).id, until: half() + TimeDelta::hours(23) };
    assert_eq!((waiting.plan.as_str(), waiting.open_payment), ("gold", Some(open)));
    assert_eq!(grants(&rows), [(1, june(), 3_000, false)], "nothing changes before the money");

    let found = paid(&rows);
    assert_eq!(transfers(&found.changes), [(Cash, Revenue, 1_500)]);
    let rows = after(&rows, &found);
    let after = row(&rows, HELD);
    assert_eq!((after.plan.as_str(), after.plan_version), ("platinum", 1));
    assert_eq!((after.end_date, after.months, after.anchor_months), (june().end, 1, 1));
    assert_eq!((after.open_payment, after.recognise_at), (None, Some(june().end)));
    let used = slice(june().start, half());
    let rest = slice(half(), june().end);
    assert_eq!(grants(&rows), [(0, used, 0, true), (1, rest, 3_000, false)]);
    let new = rows.grant(GrantId::new(NEW)).unwrap();
    assert_eq!((&new.source, new.from_grant), (&GrantSource::Change, Some(GrantId::new(GRANT))));
    assert_eq!((new.length, new.payment), (Some(june().length()), Some(PaymentId::new(NEW))));
    let settles = found.settles.unwrap();
    let Ok(success) = settles.result else { panic!("{settles:?}") };
    let Entity::Purchase { subscription, payment, .. } = success.entity() else {
        panic!("{success:?}")
    };
    assert_eq!(subscription, after);
    assert_eq!(payment.as_ref().map(|p| &p.phase), Some(&PaymentPhase::Succeeded));
}

#[test]
fn what_is_left_over_goes_to_the_credit_of_the_user_and_never_to_a_card() {
    let found = changed(&june_of_gold(200), "bronze", Now);
    let credit = Account::Credit(ALICE);
    // Half of 30 is left; half of 10 costs 5.
    assert_eq!(transfers(&found.changes), [(Deferred, credit, 1_000), (Deferred, Revenue, 1_500)]);
    assert_eq!(found.effects, []);
    let rows = after(&june_of_gold(200), &found);
    assert_eq!(alice(&rows).credit, 1_200);
    assert_eq!(row(&rows, HELD).plan, "bronze");
    let old = rows.grant(GrantId::new(GRANT)).unwrap();
    assert_eq!((old.to_credit, old.payment), (1_000, Some(PAID)));
    let new = rows.grant(GrantId::new(NEW)).unwrap();
    assert_eq!((new.value, new.payment, new.closed_at), (500, Some(PAID), None));
}

#[test]
fn what_is_left_over_for_what_costs_nothing_is_in_the_currency_that_was_paid() {
    let eur = Currency::parse("EUR").unwrap();
    let paid = one_month().map(|grant| Grant { currency: Some(eur), ..grant });
    let mut before = rows(&gold(&paid), &paid, 0);
    let gold = sold(20, "gold", 3_000, Interval::Month);
    let price = Money { currency: eur, ..gold.terms.price };
    before.apply(Change::Plan(Plan { terms: Terms { price, ..gold.terms }, ..gold }));
    before.apply(Change::Plan(sold(24, "free", 0, Interval::Month)));
    // He who was given it has not paid yet, and has no currency of his own.
    for currency in [Some(eur), None] {
        before.apply(Change::ChangedUser(User { currency, ..payer(0) }));
        let found = changed(&before, "free", Now);
        let rest = (Deferred, Account::Credit(ALICE), 1_500);
        assert_eq!(transfers(&found.changes), [rest, (Deferred, Revenue, 1_500)]);
        let in_eur = |change: &Change| !matches!(change, Change::Transfer(t) if t.currency != eur);
        assert!(found.changes.iter().all(in_eur), "{found:?}");
        let alice = alice(&after(&before, &found)).clone();
        assert_eq!((alice.credit, alice.currency), (1_500, Some(eur)));
    }
}

#[test]
fn credit_is_spent_before_money_is_charged() {
    let before = june_of_gold(400);
    let found = changed(&before, "platinum", Now);
    assert_eq!((asked(&found).cash, asked(&found).credit), (1_100, 400));
    let rows = after(&before, &found);
    assert_eq!(alice(&rows).credit, 0);
    let found = paid(&rows);
    let credit = Account::Credit(ALICE);
    assert_eq!(transfers(&found.changes), [(Cash, Revenue, 1_100), (credit, Revenue, 400)]);
    // All of it: nobody is charged.
    let found = changed(&june_of_gold(2_000), "platinum", Now);
    assert_eq!((found.effects.len(), asked(&found).credit), (0, 1_500));
    assert_eq!(alice(&after(&june_of_gold(2_000), &found)).credit, 500);
    assert!(found.outcome.success().is_some());
}

#[test]
fn what_is_less_than_the_provider_charges_is_waived() {
    let stripe = crate::Context { provider: Some(Provider::Stripe), ..paying(half()) };
    for (price, credit, cash, worth) in [
        // Half of 30.60 is 15.30: 30 cents are too little.
        (3_060, 0, None, 1_500),
        (3_060, 10, Some(0), 1_510),
        (3_100, 0, Some(50), 1_550),
    ] {
        let mut rows = june_of_gold(credit);
        rows.apply(Change::Plan(sold(24, "dearer", price, Interval::Month)));
        let card = crate::PaymentMethod { provider: Provider::Stripe, ..card() };
        rows.apply(Change::Method(card));
        let found = decided_in(&rows, change("dearer", Now), &stripe);
        let made = found.changes.iter().find_map(|change| match change {
            Change::Payment(payment) => Some(payment.cash),
            _ => None,
        });
        assert_eq!(made, cash, "{price} {credit}");
        let change = found.changes.iter().find_map(|change| match change {
            Change::Payment(Payment { purpose: Purpose::ChangePlan { change, .. }, .. }) => {
                Some(change.price())
            }
            Change::Grant(grant) if grant.value > 0 => Some(grant.value),
            _ => None,
        });
        assert_eq!(change, Some(worth), "{price} {credit}");
    }
}

#[test]
fn what_has_not_begun_counts_whole_and_each_grant_goes_on_by_itself() {
    let bought = [bought(0, june(), 3_000), bought(1, july(), 3_000)];
    let before = rows(&gold(&bought), &bought, 0);
    let found = changed(&before, "platinum", Now);
    // 30 + 60, for 15 + 30.
    assert_eq!(asked(&found).cash, 4_500);
    let rows = after(&before, &found);
    let rows = after(&rows, &paid(&rows));
    let (used, rest) = (slice(june().start, half()), slice(half(), june().end));
    let empty = slice(july().start, july().start);
    let expected = [
        (0, used, 0, true),
        (0, empty, 0, true),
        (1, rest, 3_000, false),
        (1, july(), 6_000, false),
    ];
    assert_eq!(grants(&rows), expected);
    assert_eq!((row(&rows, HELD).months, row(&rows, HELD).end_date), (2, july().end));
    // Changed again after a quarter: the first rest is counted by its original length.
    let later = at("2026-06-23T12:00:00Z");
    let again = decided_in(&rows, change("bronze", Now), &paying(later));
    // A quarter of 60 and 60 are left: 75. A quarter of 10 and 10 cost 12.50.
    assert!(transfers(&again.changes).contains(&(Deferred, Account::Credit(ALICE), 6_250)));
}

/// Half of June is left, and all of July. Each moves what it was worth more than what is in its
/// place, which cannot be paid back of its payment any more.
#[test]
fn each_grant_moves_to_credit_what_it_loses_itself() {
    let gift = Grant { payment: Some(PaymentId::new(31)), ..bought(1, july(), 3_000) };
    let bought = [bought(0, june(), 3_000), gift];
    let before = rows(&gold(&bought), &bought, 0);
    let rows = after(&before, &changed(&before, "bronze", Now));
    let moved: Vec<u64> = rows.grants_of(HELD).map(|grant| grant.to_credit).collect();
    assert_eq!(moved, [1_000, 2_000, 0, 0]);
    assert_eq!(alice(&rows).credit, 3_000);
}

#[test]
fn free_time_stays_free() {
    let given = [bought(0, june(), 3_000), goodwill(1, july())];
    let before = rows(&gold(&given), &given, 0);
    let found = changed(&before, "platinum", Now);
    assert_eq!(asked(&found).cash, 1_500);
    let rows_after = after(&before, &found);
    let rows_after = after(&rows_after, &paid(&rows_after));
    assert!(grants(&rows_after).contains(&(1, july(), 0, false)));
    assert_eq!(row(&rows_after, HELD).end_date, july().end);
    // What was bought for nothing is no gift: the rest of a free plan is not a free rest of
    // gold.
    let free = [bought(0, june(), 0)];
    let of_free = Subscription { plan: "monthly".to_owned(), ..gold(&free) };
    let found = changed(&rows(&of_free, &free, 0), "gold", Auto);
    assert_eq!(asked(&found).cash, 1_500);
    // What was paid back is free.
    let back = [Grant { payment: Some(PAID), ..bought(0, june(), 0) }];
    let found = changed(&rows(&gold(&back), &back, 0), "platinum", Now);
    assert_eq!(transfers(&found.changes), []);
    assert_eq!(subscription_of(&found).plan, "platinum");
}

#[test]
fn another_interval_begins_at_once_at_its_full_price() {
    let given = [bought(0, june(), 3_000), goodwill(1, july())];
    let before = rows(&gold(&given), &given, 0);
    let found = changed(&before, "gold-year", Now);
    assert_eq!(asked(&found).cash, 28_500);
    let rows_after = after(&before, &found);
    let found = paid(&rows_after);
    assert_eq!(transfers(&found.changes), [(Cash, Deferred, 27_000), (Cash, Revenue, 1_500)]);
    let rows_after = after(&rows_after, &found);
    let year = slice(half(), at("2027-06-16T00:00:00Z"));
    // The free month comes behind it.
    let free = slice(year.end, at("2027-07-16T00:00:00Z"));
    let used = slice(june().start, half());
    let expected = [(0, used, 0, true), (1, free, 0, false), (12, year, 30_000, false)];
    assert_eq!(grants(&rows_after), expected);
    let found = row(&rows_after, HELD);
    assert_eq!((found.anchor, found.anchor_months, found.months), (half(), 13, 13));
    assert_eq!((found.end_date, found.recognise_at), (free.end, Some(year.end)));
}

#[test]
fn a_new_interval_waits_for_the_free_month_that_runs() {
    let given = [goodwill(0, june())];
    let before = rows(&gold(&given), &given, 0);
    let rows_after = after(&before, &changed(&before, "gold-year", Now));
    let rows_after = after(&rows_after, &paid(&rows_after));
    let year = slice(june().end, at("2027-07-01T00:00:00Z"));
    let expected = [(1, june(), 0, false), (12, year, 30_000, false)];
    assert_eq!(grants(&rows_after), expected);
    let found = row(&rows_after, HELD);
    assert_eq!((found.anchor, found.anchor_months, found.months), (june().end, 12, 13));
}
