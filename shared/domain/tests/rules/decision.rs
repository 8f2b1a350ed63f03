//! What holds for the decision on every command: whom it concerns, and that a refusal does nothing.

use domain::{
    Cancel, Change, Command, Decision, Renew, SubscriptionId, UpdateUser, UserChanges, UserId,
    WorkingSet,
};
use samples::{
    ALICE, BOB, EVE, HELD, Holding, NEW, NOBODY, SENT, Sent, create_user, decided, email, give,
    held, redeem, sent, subscribe, working_set,
};

/// Alice has a subscription, and Bob has sent her a gift.
fn rows() -> WorkingSet {
    let held = Change::Subscription(held(Holding::Running));
    working_set([held, Change::Gift(sent(Sent::Pending))])
}

fn user_of(command: impl Into<Command>) -> (bool, Option<UserId>) {
    let Decision { user, outcome, .. } = decided(&rows(), command);
    (outcome.success().is_some(), user)
}

fn move_to(user_id: UserId, address: &str) -> UpdateUser {
    UpdateUser { user_id, changes: UserChanges { email: Some(email(address)), metadata: None } }
}

#[test]
fn a_success_concerns_the_user_of_what_was_made_or_changed() {
    let new = UserId::new(NEW);
    let duration_months = None;
    assert_eq!(user_of(create_user("new@x.org")), (true, Some(new)));
    assert_eq!(user_of(move_to(BOB, "new@x.org")), (true, Some(BOB)));
    assert_eq!(user_of(subscribe(BOB, "monthly", None)), (true, Some(BOB)));
    assert_eq!(user_of(Renew { subscription_id: HELD, duration_months }), (true, Some(ALICE)));
    assert_eq!(
        user_of(Cancel { subscription_id: HELD, at_period_end: false }),
        (true, Some(ALICE))
    );
    // A gift concerns who gives it, and its redemption who redeems it.
    assert_eq!(user_of(give(BOB, "alice@example.com", None)), (true, Some(BOB)));
    assert_eq!(user_of(redeem(SENT, ALICE)), (true, Some(ALICE)));
}

#[test]
fn a_refusal_concerns_the_user_whom_the_command_names_if_the_client_has_one() {
    assert_eq!(user_of(create_user("bob@example.com")), (false, Some(BOB)));
    assert_eq!(user_of(move_to(ALICE, "bob@example.com")), (false, Some(ALICE)));
    let yearly = |subscription_id| Renew { subscription_id, duration_months: Some(u32::MAX) };
    assert_eq!(user_of(yearly(HELD)), (false, Some(ALICE)));
    let gold = |user| subscribe(user, "gold", None);
    assert_eq!(user_of(gold(ALICE)), (false, Some(ALICE)));
    assert_eq!(user_of(redeem(SENT, BOB)), (false, Some(BOB)));

    // Eve is a user of another client.
    for stranger in [NOBODY, EVE] {
        assert_eq!(user_of(give(stranger, "a@x.org", None)), (false, None));
        assert_eq!(user_of(move_to(stranger, "a@x.org")), (false, None));
        assert_eq!(user_of(gold(stranger)), (false, None));
        assert_eq!(user_of(redeem(SENT, stranger)), (false, None));
    }
    let subscription_id = SubscriptionId::new(11);
    assert_eq!(user_of(yearly(subscription_id)), (false, None));
    assert_eq!(user_of(Cancel { subscription_id, at_period_end: false }), (false, None));
}
