//! Random histories in which money is paid: whatever is asked, and whatever the provider says, the
//! books balance, and agree with the rows.

mod act;
mod load;
mod shop;

use act::Act;
use chrono::TimeDelta;
use domain::Provider;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, proptest};
use proptest::sample::select;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use proptest::{prop_assert, prop_assert_eq};
use shop::Shop;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_books_balance_and_agree_with_the_rows(
        acts in vec(act::acts(), 1..80),
        provider in select(vec![Provider::Simulated, Provider::Stripe]),
    ) {
        let mut shop = Shop::new(provider);
        for act in &acts {
            shop.take(act);
            shop.check();
        }
        // All that was begun comes to its end.
        shop.settle_all();
        shop.check();
        shop.advance(shop.now + TimeDelta::days(5_000));
        shop.settle_all();
        shop.check();
        prop_assert!(shop.deferred() == 0 || shop.renews(), "what is paid for is earned at last");
    }

    /// Instants are visited in their order: it makes no difference where the clock rests between.
    #[test]
    fn one_leap_of_the_clock_moves_as_much_money_as_many_steps(
        acts in vec(act::acts(), 1..40),
        rests in vec(0..800_i64, 0..6),
    ) {
        let [mut leap, mut many] = [(); 2].map(|()| {
            let mut shop = Shop::new(Provider::Simulated);
            for act in &acts {
                let _ = shop.take(act);
            }
            shop
        });
        let from = leap.now;
        leap.advance(from + TimeDelta::days(800));
        let mut rests = rests;
        rests.sort_unstable();
        for days in rests.into_iter().chain([800]) {
            many.advance(from + TimeDelta::days(days));
        }
        prop_assert_eq!(&leap.balances, &many.balances);
        prop_assert_eq!(&leap.subscriptions, &many.subscriptions);
        prop_assert_eq!(&leap.payments, &many.payments);
    }
}

/// The provider is slow: the end of what is replaced passes before the change is paid.
#[test]
fn a_change_that_is_paid_after_the_end_lets_all_that_is_due_go_on() {
    for to in ["platinum", "gold-year"] {
        let mut shop = Shop::new(Provider::Simulated);
        shop.take(&Act::Subscribe("bronze", 1, true, None));
        shop.settle_all();
        shop.take(&Act::WaitForEnd(-TimeDelta::hours(12)));
        assert_eq!(shop.take(&Act::Change(to, domain::ChangeTime::Now)), Some("change_plan"));
        shop.take(&Act::WaitForEnd(TimeDelta::minutes(10)));
        shop.settle_all();
        shop.take(&Act::Wait(TimeDelta::hours(2)));
        shop.settle_all();
        assert!(shop.renews());
    }
}

/// The rules would hold where nothing happens, too.
#[test]
fn random_histories_move_money_in_every_way() {
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..60 {
        let acts = vec(act::acts(), 80).new_tree(&mut runner).unwrap().current();
        let mut shop = Shop::new(Provider::Simulated);
        met.extend(acts.iter().filter_map(|act: &Act| shop.take(act)));
        met.extend(shop.done.iter().copied());
    }
    for operation in [
        "subscribe",
        "renew",
        "change_plan",
        "refund",
        "cancel",
        "pause",
        "resume",
        "gift",
        "redeem",
        "extend",
        "add_payment_method",
        "set_default_payment_method",
        "detach_payment_method",
        "recognise_grants",
        "renew_subscription",
        "end_trial",
        "lapse_payment",
        "settle_payment",
        "settle_refund",
    ] {
        assert!(met.contains(operation), "{operation} is not in {met:?}");
    }
}
