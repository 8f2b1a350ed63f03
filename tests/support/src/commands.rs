//! A simple command of each kind.

use domain::{
    Cancel, Command, CreateUser, Email, GiftId, Give, PlanCode, Redeem, Renew, Subscribe,
    SubscriptionId, UserId,
};

/// A command that makes a user.
#[must_use]
pub fn create_user(email: &str) -> Command {
    Command::CreateUser(CreateUser { email: Email::parse(email).unwrap() })
}

/// A command that starts a subscription of one month.
#[must_use]
pub fn subscribe(user: i64) -> Command {
    subscribe_to("monthly", user)
}

/// A command that starts a subscription of one interval of that plan.
#[must_use]
pub fn subscribe_to(plan: &str, user: i64) -> Command {
    let plan = PlanCode::parse(plan).unwrap();
    Command::Subscribe(Subscribe {
        user_id: UserId::new(user),
        plan,
        duration_months: None,
        auto_renew: false,
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
    let (gifter_id, recipient_email) = (UserId::new(gifter), Email::parse(recipient).unwrap());
    Command::Give(Give { gifter_id, recipient_email, duration_months: Some(3) })
}

/// A command that turns a gift into time of a subscription.
#[must_use]
pub const fn redeem(gift: i64, user: i64) -> Command {
    Command::Redeem(Redeem { gift_id: GiftId::new(gift), user_id: UserId::new(user) })
}
