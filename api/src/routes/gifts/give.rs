//! `POST /gift`

use crate::extract::Fields;
use domain::{Command, Email, Give, UserId};

/// Takes the members of the body; `None` when one is missing or invalid.
pub(crate) fn command(fields: &mut Fields) -> Option<Command> {
    let gifter_id = fields.id("gifter_id");
    let recipient_email = fields.text("recipient_email", Email::parse);
    let duration_months = fields.months("duration_months");
    Some(Command::from(Give {
        gifter_id: UserId::new(gifter_id?),
        recipient_email: recipient_email?,
        duration_months: duration_months?,
    }))
}
