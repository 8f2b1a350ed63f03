//! The bodies of the six submissions, as commands.

use crate::body::Fields;
use shared::domain::{Command, Email, GiftId, PlanCode, SubscriptionId, UserId};

/// Takes the members of a body for a command; `None` when one is missing or invalid.
pub type Build = fn(&mut Fields) -> Option<Command>;

/// `POST /users`
pub fn create_user(fields: &mut Fields) -> Option<Command> {
    Some(Command::CreateUser { email: fields.text("email", Email::parse)? })
}

/// `POST /subscribe`
pub fn subscribe(fields: &mut Fields) -> Option<Command> {
    // All are taken before one is missed, so that everything that is wrong is told at once.
    let user_id = fields.id("user_id");
    let plan = fields.text("plan", PlanCode::parse);
    let duration_months = fields.months("duration_months");
    Some(Command::Subscribe {
        user_id: UserId(user_id?),
        plan: plan?,
        duration_months: duration_months?,
    })
}

/// `POST /renew`
pub fn renew(fields: &mut Fields) -> Option<Command> {
    let subscription_id = fields.id("subscription_id");
    let duration_months = fields.months("duration_months");
    Some(Command::Renew {
        subscription_id: SubscriptionId(subscription_id?),
        duration_months: duration_months?,
    })
}

/// `POST /cancel`
pub fn cancel(fields: &mut Fields) -> Option<Command> {
    Some(Command::Cancel { subscription_id: SubscriptionId(fields.id("subscription_id")?) })
}

/// `POST /gift`
pub fn gift(fields: &mut Fields) -> Option<Command> {
    let gifter_id = fields.id("gifter_id");
    let recipient_email = fields.text("recipient_email", Email::parse);
    let duration_months = fields.months("duration_months");
    Some(Command::Gift {
        gifter_id: UserId(gifter_id?),
        recipient_email: recipient_email?,
        duration_months: duration_months?,
    })
}

/// `POST /gift/redeem`
pub fn redeem(fields: &mut Fields) -> Option<Command> {
    let gift_id = fields.id("gift_id");
    let user_id = fields.id("user_id");
    Some(Command::Redeem { gift_id: GiftId(gift_id?), user_id: UserId(user_id?) })
}
