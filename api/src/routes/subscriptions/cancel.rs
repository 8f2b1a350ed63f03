//! `POST /cancel`

use crate::extract::Fields;
use domain::{Command, SubscriptionId};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    Some(Command::Cancel { subscription_id: SubscriptionId::new(fields.id("subscription_id")?) })
}
