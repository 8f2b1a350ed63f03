//! Redeeming, whatever the recipient has: the months always arrive.

use crate::sample::{decide_at, decided, grant, working_set};
use crate::scene::{HELD, Holding, begun, begun_rows, extended, held, scene};
use domain::{
    Change, Command, Decision, Gift, GiftId, GiftState, GrantSource, Redeem, Subscription,
    SubscriptionState, Success,
};
use samples::{ALICE, at, gift, now};

const REDEEM: Command = Command::Redeem(Redeem { gift_id: GiftId::new(20), user_id: ALICE });
const SOURCE: GrantSource = GrantSource::Gift(GiftId::new(20));

fn used() -> Gift {
    Gift { state: GiftState::Redeemed { recipient: ALICE, at: now() }, ..gift(20) }
}

fn expected(holding: Holding) -> Decision {
    let (mut changes, subscription) = match holding {
        Holding::Running => {
            let longer = extended(&held(holding), 5, at("2026-10-31T08:00:00Z"));
            let granted = Change::Grant(grant(HELD.get(), SOURCE, 3));
            (vec![Change::Subscription(longer.clone()), granted], longer)
        }
        Holding::Nothing
        | Holding::Ended
        | Holding::Cancelled
        | Holding::Expired
        | Holding::OtherClients
        | Holding::OtherUsers => {
            let new = begun(ALICE, "monthly", 3, "2026-09-15T12:00:00.123456Z");
            (begun_rows(&new, SOURCE, holding), new)
        }
    };
    changes.push(Change::Gift(used()));
    Decision { changes, result: Ok(Success::Redeemed { gift: used(), subscription }) }
}

#[test]
fn a_gift_extends_what_runs_and_else_begins_a_subscription() {
    for holding in Holding::ALL {
        let found = decided(&scene(holding, [Change::Gift(gift(20))]), &REDEEM);
        assert_eq!(found, expected(holding), "{holding:?}");
    }
}

#[test]
fn a_gift_extends_a_yearly_plan_by_any_number_of_months() {
    let yearly = Subscription { plan: "yearly".to_owned(), ..held(Holding::Running) };
    let working_set = working_set([Change::Subscription(yearly), Change::Gift(gift(20))]);
    let found = decided(&working_set, &REDEEM).result;
    let Ok(Success::Redeemed { subscription, .. }) = found else { panic!("refused: {found:?}") };
    assert_eq!((subscription.plan.as_str(), subscription.months), ("yearly", 5));
}

#[test]
fn a_gift_at_the_instant_of_the_end_begins_a_new_subscription() {
    let end = at("2026-06-20T00:00:00Z");
    let ending = Subscription { end_date: end, ..held(Holding::Running) };
    let working_set = working_set([Change::Subscription(ending), Change::Gift(gift(20))]);
    let found = decide_at(&working_set, &REDEEM, end);
    let marked = found.changes.iter().any(|change| {
        matches!(change, Change::Subscription(s)
            if s.id == HELD && s.state == SubscriptionState::Expired)
    });
    assert!(marked, "the ended one is still stored as active: {found:?}");
    let new = found.result;
    assert!(matches!(new, Ok(Success::Redeemed { subscription: s, .. }) if s.start_date == end));
}

#[test]
fn several_gifts_add_up() {
    let gifts = [20, 21, 22].map(|id| Change::Gift(gift(id)));
    let mut working_set = scene(Holding::Running, gifts);
    for (id, months) in [(20, 5), (21, 8), (22, 11)] {
        let redeem = Command::Redeem(Redeem { gift_id: GiftId::new(id), user_id: ALICE });
        let found = decided(&working_set, &redeem);
        assert!(matches!(&found.result, Ok(Success::Redeemed { subscription: s, .. })
            if s.id == HELD && s.months == months));
        found.changes.into_iter().for_each(|change| working_set.apply(change));
    }
}
