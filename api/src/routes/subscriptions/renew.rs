//! `POST /renew`

use crate::extract::Fields;
use domain::{Command, Renew, SubscriptionId};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    let subscription_id = fields.id("subscription_id");
    let duration_months = fields.months("duration_months");
    Some(Command::from(Renew {
        subscription_id: SubscriptionId::new(subscription_id?),
        duration_months: duration_months?,
    }))
}
