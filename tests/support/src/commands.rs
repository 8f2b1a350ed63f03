//! A simple command of each kind.

use domain::{
    Cancel, Command, CreateUser, Email, ExternalId, GiftId, Give, Metadata, PlanCode, Redeem,
    Renew, Subscribe, SubscriptionId, UpdateUser, UserChanges, UserId,
};

/// A command that makes a user.
#[must_use]
pub fn create_user(email: &str) -> Command {
    Command::CreateUser(CreateUser {
        email: Email::parse(email).unwrap(),
        external_id: None,
        metadata: Metadata::default(),
    })
}

/// A command that makes a user whom the client knows by that id.
#[must_use]
pub fn create_known_user(email: &str, external_id: &str) -> Command {
    Command::CreateUser(CreateUser {
        email: Email::parse(email).unwrap(),
        external_id: Some(ExternalId::parse(external_id).unwrap()),
        metadata: Metadata::default(),
    })
}

/// A command that gives a user another email.
#[must_use]
pub fn move_user(user: i64, email: &str) -> Command {
    let changes = UserChanges { email: Some(Email::parse(email).unwrap()), metadata: None };
    Command::UpdateUser(UpdateUser { user_id: UserId::new(user), changes })
}

/// A command that starts a subscription of one month of the user of that external id.
#[must_use]
pub fn subscribe_known(external_id: &str) -> Command {
    let external_id = Some(ExternalId::parse(external_id).unwrap());
    let (plan, duration_months) = (PlanCode::parse("monthly").unwrap(), None);
    let (user_id, auto_renew) = (None, false);
    Command::Subscribe(Subscribe {
        user_id,
        external_id,
        plan,
        duration_months,
        auto_renew,
        trial: None,
    })
}

/// A command that starts a subscription of one month.
#[must_use]
pub fn subscribe(user: i64) -> Command {
    subscribe_to("monthly", user)
}

/// A command that starts a subscription of one interval of that plan.
#[must_use]
pub fn subscribe_to(plan: &str, user: i64) -> Command {
    let (user_id, external_id) = (Some(UserId::new(user)), None);
    let (plan, duration_months) = (PlanCode::parse(plan).unwrap(), None);
    let auto_renew = false;
    Command::Subscribe(Subscribe {
        user_id,
        external_id,
        plan,
        duration_months,
        auto_renew,
        trial: None,
    })
}

/// A command that prolongs a subscription.
#[must_use]
pub const fn renew(subscription: i64, months: u32) -> Command {
    let subscription_id = SubscriptionId::new(subscription);
    Command::Renew(Renew { subscription_id, duration_months: Some(months) })
}

/// A command that ends a subscription.
#[must_use]
pub const fn cancel(subscription: i64) -> Command {
    Command::Cancel(Cancel {
        subscription_id: SubscriptionId::new(subscription),
        at_period_end: false,
    })
}

/// A command that gives three months to an address.
#[must_use]
pub fn give(gifter: i64, recipient: &str) -> Command {
    Command::Give(Give {
        gifter_id: Some(UserId::new(gifter)),
        gifter_external_id: None,
        recipient_email: Email::parse(recipient).unwrap(),
        plan: None,
        duration_months: Some(3),
    })
}

/// A command that turns a gift into time of a subscription.
#[must_use]
pub const fn redeem(gift: i64, user: i64) -> Command {
    let (gift_id, user_id) = (GiftId::new(gift), Some(UserId::new(user)));
    Command::Redeem(Redeem { gift_id, user_id, external_id: None })
}
