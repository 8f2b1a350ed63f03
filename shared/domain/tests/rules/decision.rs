//! What holds for the decision on every command: whom it concerns, and that a refusal does nothing.

use domain::{
    Cancel, Change, Command, CreateUser, Decision, Give, Redeem, Renew, Subscribe, SubscriptionId,
    UserId, WorkingSet,
};
use samples::{
    ALICE, BOB, EVE, HELD, Holding, NEW, NOBODY, SENT, Sent, decided, email, held, plan, sent,
    working_set,
};

/// Alice has a subscription, and Bob has sent her a gift.
fn rows() -> WorkingSet {
    let held = Change::Subscription(held(Holding::Running));
    working_set([held, Change::Gift(sent(Sent::Pending))])
}

fn user_of(command: impl Into<Command>) -> (bool, Option<UserId>) {
    let Decision { user, result, .. } = decided(&rows(), command);
    (result.is_ok(), user)
}

#[test]
fn a_success_concerns_the_user_of_what_was_made_or_changed() {
    let new = UserId::new(NEW);
    let (recipient_email, duration_months) = (email("alice@example.com"), None);
    let monthly = plan("monthly");
    assert_eq!(user_of(CreateUser { email: email("new@x.org") }), (true, Some(new)));
    let subscribe = Subscribe { user_id: BOB, plan: monthly, duration_months, auto_renew: false };
    assert_eq!(user_of(subscribe), (true, Some(BOB)));
    assert_eq!(user_of(Renew { subscription_id: HELD, duration_months }), (true, Some(ALICE)));
    assert_eq!(
        user_of(Cancel { subscription_id: HELD, at_period_end: false }),
        (true, Some(ALICE))
    );
    // A gift concerns who gives it, and its redemption who redeems it.
    let give = Give { gifter_id: BOB, recipient_email, duration_months };
    assert_eq!(user_of(give), (true, Some(BOB)));
    assert_eq!(user_of(Redeem { gift_id: SENT, user_id: ALICE }), (true, Some(ALICE)));
}

#[test]
fn a_refusal_concerns_the_user_whom_the_command_names_if_the_client_has_one() {
    let taken = CreateUser { email: email("bob@example.com") };
    assert_eq!(user_of(taken), (false, Some(BOB)));
    let yearly = |subscription_id| Renew { subscription_id, duration_months: Some(u32::MAX) };
    assert_eq!(user_of(yearly(HELD)), (false, Some(ALICE)));
    let gold = |user_id| Subscribe {
        user_id,
        plan: plan("gold"),
        duration_months: None,
        auto_renew: false,
    };
    assert_eq!(user_of(gold(ALICE)), (false, Some(ALICE)));
    assert_eq!(user_of(Redeem { gift_id: SENT, user_id: BOB }), (false, Some(BOB)));

    // Eve is a user of another client.
    for stranger in [NOBODY, EVE] {
        let recipient_email = email("a@x.org");
        let give = Give { gifter_id: stranger, recipient_email, duration_months: None };
        assert_eq!(user_of(give), (false, None));
        assert_eq!(user_of(gold(stranger)), (false, None));
        assert_eq!(user_of(Redeem { gift_id: SENT, user_id: stranger }), (false, None));
    }
    let subscription_id = SubscriptionId::new(11);
    assert_eq!(user_of(yearly(subscription_id)), (false, None));
    assert_eq!(user_of(Cancel { subscription_id, at_period_end: false }), (false, None));
}
