//! What must be loaded before a command can be decided. That it is enough is shown in `history`.

use domain::{
    Cancel, ClientId, Command, CreateUser, ExpireGift, ExpireSubscription, GiftId, InternalCommand,
    Needs, NewIdCounts, Renew, RetirePlan, SubscriptionId, UpdateUser, UserChanges,
};
use samples::{
    ALICE, BOB, RIVAL, SHOP, create_user, email, external_id, give, now, plan, redeem, subscribe,
};

fn needs(client: ClientId, commands: &[Command]) -> Needs {
    let mut needs = Needs::default();
    for command in commands {
        command.needs(client, &mut needs);
    }
    needs
}

#[test]
fn a_command_touches_what_it_names() {
    let (one, other) = (SubscriptionId::new(10), SubscriptionId::new(11));
    let gift_id = GiftId::new(20);
    let commands: [Command; 6] = [
        subscribe(ALICE, "monthly", None).into(),
        Renew { subscription_id: one, duration_months: None }.into(),
        Cancel { subscription_id: other, at_period_end: false }.into(),
        give(BOB, "c@d.org", None).into(),
        redeem(gift_id, ALICE).into(),
        RetirePlan { code: plan("gold") }.into(),
    ];
    let found = needs(SHOP, &commands);
    assert_eq!(found.users, [(SHOP, ALICE), (SHOP, BOB)].into());
    assert_eq!(found.subscriptions, [(SHOP, one), (SHOP, other)].into());
    assert_eq!(found.gifts, [(SHOP, gift_id)].into());
    assert_eq!(found.plans, [(SHOP, plan("monthly"))].into(), "what a gift begins is known");
    assert_eq!(found.plans_to_lock, [(SHOP, plan("gold"))].into());
    assert_eq!(found.terms_of, [(SHOP, one)].into(), "a cancellation needs none");
    assert!(found.emails.is_empty(), "the recipient of a new gift need not be a user");
    // A subscription for `subscribe` and one for `redeem`.
    let NewIdCounts { users, gifts, subscriptions, .. } = found.new_ids;
    assert_eq!((users, gifts, subscriptions), (0, 1, 2));
}

/// What is due is decided at an instant that its finder knows.
#[test]
fn a_command_is_decided_by_the_time_of_its_client() {
    let mut found = needs(SHOP, &[give(BOB, "c@d.org", None).into()]);
    Command::from(give(ALICE, "c@d.org", None)).needs(RIVAL, &mut found);
    assert_eq!(found.clocks, [SHOP, RIVAL].into());
    let locked = |client| Needs { clocks: [client].into(), ..Needs::default() };
    assert!(found.meet(&locked(RIVAL)));
    assert!(!needs(SHOP, &[create_user("c@d.org").into()]).meet(&locked(RIVAL)));
}

/// Each client names its own rows: another's row of the same number is another row.
#[test]
fn a_row_is_named_with_the_client_that_asks_for_it() {
    let cancel: Command =
        Cancel { subscription_id: SubscriptionId::new(10), at_period_end: false }.into();
    let mut found = needs(SHOP, std::slice::from_ref(&cancel));
    cancel.needs(RIVAL, &mut found);
    let id = SubscriptionId::new(10);
    assert_eq!(found.subscriptions, [(SHOP, id), (RIVAL, id)].into());
}

#[test]
fn an_email_is_looked_up_at_its_client_and_in_lower_case() {
    let mut found = needs(SHOP, &[create_user("Carol@Example.com").into()]);
    Command::from(create_user("carol@example.com")).needs(RIVAL, &mut found);
    let key = "carol@example.com".to_owned();
    assert_eq!(found.emails, [(SHOP, key.clone()), (RIVAL, key)].into());
    assert_eq!(found.new_ids, NewIdCounts { users: 2, ..NewIdCounts::default() });
}

#[test]
fn an_external_id_is_looked_up_at_its_client() {
    let named = |id| Some(external_id(id));
    let create = CreateUser { external_id: named("c"), ..create_user("c@d.org") };
    let subscribe = domain::Subscribe {
        user_id: None,
        external_id: named("s"),
        ..subscribe(ALICE, "monthly", None)
    };
    let found = needs(RIVAL, &[create.into(), subscribe.into()]);
    let expected = ["c", "s"].map(|id| (RIVAL, external_id(id)));
    assert_eq!(found.external_ids, expected.into());
    assert!(found.users.is_empty(), "what is named by external id is not looked up twice");
    let mut others = Needs::default();
    assert!(!found.meet(&others));
    others.external_ids.insert((RIVAL, external_id("s")));
    assert!(found.meet(&others) && others.meet(&found));
}

/// The holder of the email is locked, too, so that it cannot give the email up meanwhile.
#[test]
fn an_update_touches_its_user_and_the_holder_of_the_new_email() {
    let changes = UserChanges { email: Some(email("New@Example.com")), metadata: None };
    let found = needs(SHOP, &[UpdateUser { user_id: ALICE, changes }.into()]);
    assert_eq!(found.users, [(SHOP, ALICE)].into());
    assert_eq!(found.emails, [(SHOP, "new@example.com".to_owned())].into());
    assert_eq!(found.new_ids, NewIdCounts::default());
}

#[test]
fn an_expiry_touches_one_row_and_makes_none() {
    let (subscription_id, gift_id) = (SubscriptionId::new(10), GiftId::new(20));
    let mut found = Needs::default();
    let end_date = now();
    InternalCommand::from(ExpireSubscription { subscription_id, end_date }).needs(SHOP, &mut found);
    InternalCommand::from(ExpireGift { gift_id }).needs(RIVAL, &mut found);
    let subscriptions = [(SHOP, subscription_id)].into();
    // Those who have credit back from a payment that is given up are locked, too.
    let Needs { owners_of, money, .. } = found.clone();
    let gifts = [(RIVAL, gift_id)].into();
    let expected = Needs { subscriptions, gifts, owners_of, money, ..Needs::default() };
    assert_eq!(found, expected);
}
