//! What a change of plan costs, held to what it is to be by products alone: a part is rounded down
//! if it is not more than the share, and one more would be. Nothing here divides.

use chrono::TimeDelta;
use domain::{
    Change, ChangePlan, ChangeTime, Grant, GrantId, GrantSource, Instant, Interval, Money, Payment,
    Plan, PlanId, Purpose, Slice, Subscription, Terms, User, WorkingSet,
};
use proptest::collection::vec;
use proptest::prelude::{Strategy, proptest};
use proptest::sample::select;
use proptest::{option, prop_assert, prop_assert_eq};
use samples::{
    HELD, Holding, PAID, SHOP, at, card, decided_in, grant, held, payer, paying, plan, priced, usd,
    working_set,
};

/// A product of up to 256 bits, the high half first.
fn product(a: u128, b: u128) -> (u128, u128) {
    let halves = |n: u128| (n >> 64, n & u128::from(u64::MAX));
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let (middle, carry) = (a_high * b_low).overflowing_add(a_low * b_high);
    let (low, low_carry) = (a_low * b_low).overflowing_add(middle << 64);
    let high = a_high * b_high + (middle >> 64) + (u128::from(carry) << 64);
    (high + u128::from(low_carry), low)
}

/// Whether `share` is `amount * part / whole`, rounded down.
fn is_share(share: u64, (amount, part, whole): (u128, TimeDelta, u128)) -> bool {
    let exact = product(amount, micros(part));
    let share = u128::from(share);
    product(share, whole) <= exact && exact < product(share + 1, whole)
}

fn micros(time: TimeDelta) -> u128 {
    u128::try_from(time.num_microseconds().unwrap()).unwrap()
}

/// A grant of so many months, and how long it takes, in microseconds; what was paid for it; and how
/// much longer it was at first.
#[derive(Debug, Clone)]
struct Bought {
    months: u32,
    length: i64,
    value: u64,
    was_longer: Option<i64>,
}

fn bought() -> impl Strategy<Value = Bought> {
    let longer = option::of(1..400_000_000_000_000_i64);
    (1..=120_u32, 1..400_000_000_000_000_i64, 1..=domain::AMOUNT_MAX, longer).prop_map(
        |(months, length, value, was_longer)| Bought { months, length, value, was_longer },
    )
}

fn grants_of(bought: &[Bought], start: Instant) -> Vec<Grant> {
    let mut end = start;
    let grants = bought.iter().zip(50..).map(|(bought, id)| {
        let slice = Slice { start: end, end: end + TimeDelta::microseconds(bought.length) };
        end = slice.end;
        let length = bought.was_longer.map(|more| TimeDelta::microseconds(bought.length + more));
        let (currency, payment) = (Some(usd()), Some(PAID));
        let paid = grant(HELD, GrantSource::Purchase, bought.months, slice);
        Grant { id: GrantId::new(id), value: bought.value, length, currency, payment, ..paid }
    });
    grants.collect()
}

fn rows(grants: &[Grant], platinum: Terms) -> WorkingSet {
    let first = grants.first().and_then(|grant| grant.slice).unwrap();
    let last = grants.last().and_then(|grant| grant.slice).unwrap();
    let terms = Terms { interval: platinum.interval, ..priced("gold", 1).terms };
    let gold = Plan { terms, ..priced("gold", 1) };
    let platinum = Plan { id: PlanId::new(9), terms: platinum, ..priced("platinum", 1) };
    let subscription = Subscription {
        plan: "gold".to_owned(),
        start_date: first.start,
        end_date: last.end,
        ..held(Holding::Running)
    };
    let user = User { currency: Some(usd()), ..payer(0) };
    let rows = [
        Change::Plan(gold),
        Change::Plan(platinum),
        Change::ChangedUser(user),
        Change::Method(card()),
        Change::Subscription(subscription),
    ];
    working_set(rows.into_iter().chain(grants.iter().cloned().map(Change::Grant)))
}

proptest! {
    #[test]
    fn every_part_of_a_change_is_the_share_of_its_time_rounded_down(
        bought in vec(bought(), 1..4),
        used in 0..400_000_000_000_000_i64,
        amount in 1..=domain::AMOUNT_MAX,
        interval in select(vec![Interval::Month, Interval::Year]),
    ) {
        let start = at("2026-01-01T00:00:00Z");
        let grants = grants_of(&bought, start);
        let end = grants.last().and_then(|grant| grant.slice).unwrap().end;
        let now = (start + TimeDelta::microseconds(used)).min(end - TimeDelta::microseconds(1));
        let price = Money { amount, currency: usd() };
        let terms = Terms { interval, price, trial_days: 0, grace_days: 7 };
        let rows = rows(&grants, terms);
        let command =
            ChangePlan { subscription_id: HELD, plan: plan("platinum"), when: ChangeTime::Now };
        let decision = decided_in(&rows, command, &paying(now));
        let change = decision.changes.iter().find_map(|change| match change {
            Change::Payment(Payment { purpose: Purpose::ChangePlan { change, .. }, cash, .. }) => {
                Some((change.clone(), *cash))
            }
            _ => None,
        });
        // If nothing is owed, the parts are told by the new grants.
        let (mut all_unused, mut all_price) = (0, 0);
        let going_on = grants.iter().filter(|grant| now < grant.slice.unwrap().end);
        for (nth, grant) in going_on.enumerate() {
            let slice = grant.slice.unwrap();
            let rest = slice.end - now.max(slice.start);
            let length = grant.length.unwrap_or(slice.length());
            let months = u128::from(interval.months());
            let of_price =
                (u128::from(amount) * u128::from(grant.months), rest, micros(length) * months);
            let of_value = (u128::from(grant.value), rest, micros(slice.length()));
            if let Some((change, _)) = &change {
                let part = change.grants.get(nth).unwrap();
                prop_assert_eq!((part.grant, part.value), (grant.id, grant.value));
                prop_assert!(is_share(part.unused, of_value), "{:?}", part);
                prop_assert!(is_share(part.price, of_price), "{:?}", part);
                all_unused += part.unused;
                all_price += part.price;
            } else {
                let new = decision.changes.iter().find_map(|change| match change {
                    Change::Grant(new) if new.from_grant == Some(grant.id) => Some(new.value),
                    _ => None,
                });
                prop_assert!(is_share(new.unwrap(), of_price), "{:?}", new);
            }
        }
        if let Some((change, cash)) = change {
            prop_assert_eq!((change.at, cash), (now, all_price - all_unused));
            prop_assert!(decision.user.is_some_and(|user| rows.user(SHOP, user).is_some()));
        }
    }
}

#[test]
fn products_are_what_they_are_on_paper() {
    assert_eq!(product(3, 5), (0, 15));
    assert_eq!(product(u128::MAX, 1), (0, u128::MAX));
    assert_eq!(product(u128::MAX, 2), (1, u128::MAX - 1));
    // (2^128 - 1)^2 = 2^256 - 2^129 + 1.
    assert_eq!(product(u128::MAX, u128::MAX), (u128::MAX - 1, 1));
}
