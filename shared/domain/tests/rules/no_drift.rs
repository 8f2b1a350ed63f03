//! However the months came together, the end is the same.

use crate::by_hand;
use domain::{Change, Command, Gift, Instant, Renew, Subscription, SubscriptionId, WorkingSet};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, proptest};
use proptest::{prop_assert_eq, prop_assume};
use samples::{
    ALICE, NEW, SENT, SHOP, Sent, decided_at, redeem, sent, subscribe, subscription_of, working_set,
};

/// 1970 to 2370, to the microsecond.
fn instants() -> impl Strategy<Value = Instant> {
    (0..12_622_780_800_000_000_i64).prop_map(|us| Instant::from_timestamp_micros(us).unwrap())
}

/// Does `command` at `now`, and tells what became of the subscription.
fn grown(working_set: &mut WorkingSet, command: Command, now: Instant) -> Subscription {
    let decision = decided_at(working_set, command, now);
    let subscription = subscription_of(&decision).clone();
    decision.changes.into_iter().for_each(|change| working_set.apply(change));
    subscription
}

fn gift_of(months: u32, now: Instant) -> Change {
    let expires_at = now + chrono::TimeDelta::days(1);
    Change::Gift(Gift { months, expires_at, ..sent(Sent::Pending) })
}

proptest! {
    #[test]
    fn any_renewals_and_gifts_of_the_same_months_end_alike(
        start in instants(),
        first in 1..=120_u32,
        // How many months, by gift or by renewal, and how far into the term.
        parts in vec((1..=120_u32, any::<bool>(), 0.0..1.0_f64), 0..12),
    ) {
        let mut working_set = working_set([]);
        let subscribe = subscribe(ALICE, "monthly", Some(first));
        let mut subscription = grown(&mut working_set, subscribe.into(), start);
        let mut total = first;
        for (months, by_gift, part) in parts {
            total += months;
            #[expect(clippy::cast_possible_truncation, reason = "some instant of the term")]
            #[expect(clippy::cast_precision_loss, reason = "some instant of the term")]
            let elapsed = ((subscription.end_date - start).num_seconds() as f64 * part) as i64;
            let now = start + chrono::TimeDelta::seconds(elapsed);
            let command = if by_gift {
                working_set.apply(gift_of(months, now));
                redeem(SENT, ALICE).into()
            } else {
                let subscription_id = SubscriptionId::new(NEW);
                Renew { subscription_id, duration_months: Some(months) }.into()
            };
            subscription = grown(&mut working_set, command, now);
            prop_assert_eq!(subscription.months, total);
        }
        prop_assert_eq!(subscription.client, SHOP);
        prop_assert_eq!(subscription.start_date, start);
        prop_assert_eq!(Some(subscription.end_date), by_hand::add_months(start, total));
    }

    #[test]
    fn the_core_counts_months_as_one_does_by_hand(start in instants(), months in 0..100_000_u32) {
        let counted = domain::calendar::add_months(start, months);
        prop_assert_eq!(counted, by_hand::add_months(start, months));
        prop_assume!(months > 0);
        prop_assert_eq!(counted.is_none_or(|end| end > start), true);
    }
}
