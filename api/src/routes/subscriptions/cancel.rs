//! `POST /cancel`

use crate::extract::Fields;
use domain::{Cancel, Command, SubscriptionId};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    Some(Command::from(Cancel {
        subscription_id: SubscriptionId::new(fields.id("subscription_id")?),
    }))
}
