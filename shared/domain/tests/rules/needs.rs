//! What must be loaded before a command can be decided. That it is enough is shown in `history`.

use crate::sample::{RIVAL, plan};
use domain::{
    Cancel, Command, CreateUser, GiftId, Give, Needs, Redeem, Renew, Subscribe, SubscriptionId,
};
use samples::{ALICE, BOB, SHOP, email};

fn needs(commands: &[Command]) -> Needs {
    let mut needs = Needs::default();
    for command in commands {
        needs.add(SHOP, command);
    }
    needs
}

#[test]
fn a_command_touches_what_it_names() {
    let subscription_id = SubscriptionId::new(10);
    let commands = [
        Command::Subscribe(Subscribe {
            user_id: ALICE,
            plan: plan("monthly"),
            duration_months: None,
        }),
        Command::Renew(Renew { subscription_id, duration_months: None }),
        Command::Cancel(Cancel { subscription_id: SubscriptionId::new(11) }),
        Command::Give(Give {
            gifter_id: BOB,
            recipient_email: email("c@d.org"),
            duration_months: None,
        }),
        Command::Redeem(Redeem { gift_id: GiftId::new(20), user_id: ALICE }),
    ];
    let found = needs(&commands);
    assert_eq!(found.users, [ALICE, BOB].into());
    assert_eq!(found.subscriptions, [SubscriptionId::new(10), SubscriptionId::new(11)].into());
    assert_eq!(found.gifts, [GiftId::new(20)].into());
    assert!(found.emails.is_empty(), "the recipient of a new gift need not be a user");
}

#[test]
fn an_email_is_looked_up_at_its_client_and_in_lower_case() {
    let mut found = needs(&[Command::CreateUser(CreateUser { email: email("Carol@Example.com") })]);
    found.add(RIVAL, &Command::CreateUser(CreateUser { email: email("carol@example.com") }));
    let key = "carol@example.com".to_owned();
    assert_eq!(found.emails, [(SHOP, key.clone()), (RIVAL, key)].into());
}
